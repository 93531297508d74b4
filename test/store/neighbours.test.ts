import assert from 'node:assert/strict'
import { listenForChanges } from '../../src/store/changes.ts'
import { accountAliases, subjectOf } from '../../src/store/mappings.ts'
import { joinProcesses } from '../../src/store/processes.ts'
import { saveStanding } from '../../src/store/third-parties.ts'
import { commit } from '../../src/store/writes.ts'
import { addCustomer, addThirdParty, later, now, openStore, type Store } from './open-store.ts'

describe('the ids that leave the house (DESIGN §7.9)', () => {
  let store: Store
  before(async () => {
    store = await openStore()
  })
  after(() => store.close())

  it('a subject is made once however many ask at once, and is another for another organisation', async () => {
    const [acme, shady] = [await addThirdParty(store.one), await addThirdParty(store.one, 'Shady Ledger')]
    const { id } = await addCustomer(store.one)
    const asked = Array.from({ length: 30 }, (_, turn) =>
      subjectOf(store.either(turn), acme.organisation.id, id),
    )
    const subjects = new Set(await Promise.all(asked))
    assert.equal(subjects.size, 1)
    const elsewhere = await subjectOf(store.one, shady.organisation.id, id)
    assert.ok(!subjects.has(elsewhere))
    for (const sub of [...subjects, elsewhere]) assert.ok(!sub.includes(id.slice(0, 8)))
  })

  it('an AccountId is stable, made once, and another for another software and another customer', async () => {
    const [acme, shady] = [await addThirdParty(store.one), await addThirdParty(store.one, 'Shady Ledger')]
    const [a, b] = [await addCustomer(store.one), await addCustomer(store.one)]
    const asked = await Promise.all(
      Array.from({ length: 30 }, (_, turn) =>
        accountAliases(
          store.either(turn),
          acme.clientId,
          a.id,
          turn % 3 === 0 ? ['x', 'y'] : ['y', 'x', 'z'],
        ),
      ),
    )
    const whole = asked.find((aliases) => aliases.size === 3)
    assert.equal(new Set(whole?.values()).size, 3)
    for (const aliases of asked)
      for (const [bankAccountId, alias] of aliases) assert.equal(alias, whole?.get(bankAccountId))
    const others = [
      (await accountAliases(store.one, shady.clientId, a.id, ['x'])).get('x'),
      (await accountAliases(store.one, acme.clientId, b.id, ['x'])).get('x'),
    ]
    assert.equal(new Set([...others, whole?.get('x')]).size, 3)
    assert.doesNotMatch(String(whole?.get('x')), /x/)
  })
})

describe('processes on one database (DESIGN §7.17)', () => {
  let store: Store
  before(async () => {
    store = await openStore()
  })
  after(() => store.close())
  const join = (secretsFingerprint: string, at = now) =>
    joinProcesses(store.one, { role: 'all', secretsFingerprint }, () => at)

  it('serve beside each other with the same secrets, and not with others', async () => {
    const first = await join('same')
    const second = await join('same')
    await assert.rejects(join('other'), { code: 'conflict', message: /shared secrets/ })
    const rows = await store.one.query('rows', 'select 1 from process', [])
    assert.equal(rows.length, 2)
    await Promise.all([first.leave(), second.leave()])
    const other = await join('other')
    await other.leave()
  })

  it('that were killed are forgotten after half a minute', async () => {
    const killed = await join('old')
    await assert.rejects(join('new', later(29)), { code: 'conflict' })
    const next = await join('new', later(31))
    await Promise.all([killed.leave(), next.leave()])
  })
})

describe('word of a change (DESIGN §7.2)', () => {
  let store: Store
  before(async () => {
    store = await openStore()
  })
  after(() => store.close())

  it('reaches other processes, and after a lost connection everything is in doubt and word comes again', async () => {
    const heard: string[] = []
    let doubts = 0
    const changes = listenForChanges(store.other, {
      changed: (clientId) => void heard.push(clientId),
      doubt: () => (doubts += 1),
    })
    try {
      await eventually(() => doubts === 1)
      const acme = await addThirdParty(store.one)
      await eventually(() => heard.includes(acme.clientId))

      await store.one.query(
        'cut',
        "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %' and datname = current_database()",
        [],
      )
      // Once for the loss, once for having missed what was said meanwhile.
      await eventually(() => doubts >= 3)
      heard.length = 0
      await commit(store.one, [saveStanding(acme.clientId, 'suspended')])
      await eventually(() => heard.includes(acme.clientId))
    } finally {
      await changes.close()
    }
  })

  it('is not waited for: a listener that is closed lets go of its connection', async () => {
    const changes = listenForChanges(store.other, { changed: () => undefined, doubt: () => undefined })
    await changes.close()
    await eventually(async () => {
      const rows = await store.one.query(
        'listeners',
        "select 1 from pg_stat_activity where query like 'listen %' and datname = current_database()",
        [],
      )
      return rows.length === 0
    })
  })
})

async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  for (let round = 0; round < 400; round += 1) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail('it did not come to that')
}
