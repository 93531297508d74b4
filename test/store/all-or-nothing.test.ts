import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  type ConsentRow,
  consentColumns,
  insertConsent,
  saveAuthorised,
  toConsent,
} from '../../src/store/consents.ts'
import { openDatabase } from '../../src/store/database.ts'
import { insertGrant } from '../../src/store/grants.ts'
import { commit, type Write } from '../../src/store/writes.ts'
import {
  addCustomer,
  addShared,
  addThirdParty,
  anEvent,
  awaitingConsent,
  later,
  now,
  openStore,
  type Store,
} from './open-store.ts'

describe('what belongs together is changed together or not at all (house invariant 4)', () => {
  let store: Store
  let clientId: string
  before(async () => {
    store = await openStore()
    clientId = (await addThirdParty(store.one)).clientId
  })
  after(() => store.close())

  const count = async (table: string): Promise<number> => {
    const [row] = await store.one.query<{ n: number }>(
      `count-${table}`,
      `select count(*)::int as n from ${table}`,
      [],
    )
    return row?.n ?? -1
  }
  const nothing: Write = {
    sql: 'update consent set state = state where id = gen_random_uuid() and $1::int = 1',
    values: [1],
    guard: 'somebody else was first',
  }

  for (const position of ['first', 'last'] as const)
    it(`a guard that finds itself ${position} and late undoes every other change, audit row included`, async () => {
      const before = [await count('consent'), await count('audit_event')]
      const writes = [insertConsent(awaitingConsent(clientId)), await store.audit.row(anEvent())]
      const all = position === 'first' ? [nothing, ...writes] : [...writes, nothing]
      await assert.rejects(commit(store.one, all), { code: 'spent', message: 'somebody else was first' })
      assert.deepEqual([await count('consent'), await count('audit_event')], before)
    })

  it('a change that Postgres refuses undoes every other one', async () => {
    const before = await count('audit_event')
    const orphan = insertGrant({ id: randomUUID(), clientId, expiresAt: later(60), payload: {} })
    await assert.rejects(commit(store.one, [await store.audit.row(anEvent()), orphan]))
    assert.equal(await count('audit_event'), before)
  })

  it('many shapes and many values in one commit keep their places', async () => {
    const consents = [1, 2, 3].map(() => awaitingConsent(clientId))
    const rows = await Promise.all([1, 2].map((at) => store.audit.row(anEvent({ at: later(at) }))))
    await commit(store.one, [...consents.map(insertConsent), ...rows])
    for (const { id, clientId: owner } of consents) {
      const [row] = await store.other.query<{ client_id: string }>(
        'owner',
        'select client_id from consent where id = $1',
        [id],
      )
      assert.equal(row?.client_id, owner)
    }
  })

  it('nothing to change is no fault', () => commit(store.one, []))

  it('two commits that lock each other end, both, after a retry', async () => {
    const [a, b] = [awaitingConsent(clientId), awaitingConsent(clientId)]
    await commit(store.one, [insertConsent(a), insertConsent(b)])
    const touch = (id: string): Write => ({
      sql: 'update consent set kind = kind where id = $1',
      values: [id],
    })
    // Few, because Postgres takes a second to see each deadlock, and a statement may not wait for ever.
    const rounds = Array.from({ length: 4 }, (_, turn) =>
      commit(store.either(turn), turn % 2 === 0 ? [touch(a.id), touch(b.id)] : [touch(b.id), touch(a.id)]),
    )
    await Promise.all(rounds)
  })

  it('a consent comes back as it was put, and the table refuses states that cannot be', async () => {
    const customerId = (await addCustomer(store.one)).id
    const { consent } = await addShared(store.one, clientId, customerId)
    const [row] = await store.other.query<ConsentRow>(
      'one-consent',
      `select ${consentColumns} from consent c where c.id = $1`,
      [consent.id],
    )
    assert.deepEqual(row && toConsent(row), consent)
    for (const sql of [
      'update consent set accounts = null where id = $1',
      'update consent set customer_id = null where id = $1',
      "update consent set state = 'revoked' where id = $1",
      "update consent set closed_at = now(), reason = 'x' where id = $1",
      "update consent set state = 'paused' where id = $1",
    ])
      await assert.rejects(commit(store.one, [{ sql, values: [consent.id] }]), { code: '23514' })
  })

  it('a consent is authorised with its grant or not: a grant without consent cannot be written', async () => {
    const asked = awaitingConsent(clientId)
    const customerId = (await addCustomer(store.one)).id
    const agreed = {
      ...asked,
      state: 'authorised',
      customerId,
      accounts: [],
      grantId: asked.id,
      authorisedAt: now,
    } as const
    const grant = insertGrant({ id: asked.id, clientId, expiresAt: later(60), payload: {} })
    // The consent was never written, so neither stands.
    await assert.rejects(commit(store.one, [saveAuthorised(agreed), grant]))
    assert.equal((await store.one.query('g', 'select 1 from "grant" where id = $1', [asked.id])).length, 0)
  })

  it('a Postgres that is not there is told as unavailable, at once', async () => {
    const gone = openDatabase({
      url: 'postgres://postern:x@127.0.0.1:1/postern',
      poolSize: 1,
      acquireTimeoutMs: 500,
      statementTimeoutMs: 500,
    })
    await assert.rejects(gone.query('x', 'select 1', []), { code: 'unavailable' })
    await gone.close()
  })

  it('a statement that takes too long is ended and told as unavailable', async () => {
    const impatient = openDatabase({
      url: store.url,
      poolSize: 1,
      acquireTimeoutMs: 500,
      statementTimeoutMs: 100,
    })
    await assert.rejects(impatient.query('slow', 'select pg_sleep(5)', []), { code: 'unavailable' })
    await impatient.close()
  })

  it('a pool that is exhausted is told as unavailable, and serves again afterwards', async () => {
    const small = openDatabase({
      url: store.url,
      poolSize: 1,
      acquireTimeoutMs: 200,
      statementTimeoutMs: 5_000,
    })
    const busy = small.query('busy', 'select pg_sleep(1)', [])
    await assert.rejects(small.query('late', 'select 1', []), { code: 'unavailable' })
    await busy
    assert.equal((await small.query('again', 'select 1', [])).length, 1)
    await small.close()
  })
})
