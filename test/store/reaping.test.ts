import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { insertConsent } from '../../src/store/consents.ts'
import { consumeOneTime, insertOneTime } from '../../src/store/one-time.ts'
import { reapingTasks } from '../../src/store/reaping.ts'
import { commit } from '../../src/store/writes.ts'
import {
  addCustomer,
  addShared,
  addThirdParty,
  awaitingConsent,
  later,
  now,
  openStore,
  type Store,
} from './open-store.ts'

const DAY = 86_400

describe('the reaper removes exactly what nobody can use any more', () => {
  let store: Store
  let clientId: string
  let customerId: string
  before(async () => {
    store = await openStore()
    clientId = (await addThirdParty(store.one)).clientId
    customerId = (await addCustomer(store.one)).id
  })
  after(() => store.close())

  const reap = (table: string, limit = 100, at = now): Promise<number> => {
    const task = reapingTasks(store.one, store.audit).find((one) => one.table === table)
    return (task ?? assert.fail(`no task for ${table}`)).reap(at, limit)
  }
  const count = async (table: string): Promise<number> => {
    const rows = await store.one.query(`count ${table}`, `select 1 from ${table}`, [])
    return rows.length
  }
  const put = (text: string, values: readonly unknown[]) => store.one.query(text.slice(0, 40), text, values)

  /** How to put a row that could last be used at that moment, and how many seconds it is kept beyond. */
  const kept: Readonly<Record<string, readonly [(at: Date) => Promise<unknown>, number]>> = {
    one_time: [
      (at) =>
        put("insert into one_time (kind, key, expires_at, keep_until) values ('replay', $1, $2, $2)", [
          randomBytes(32),
          at,
        ]),
      60,
    ],
    token: [
      (at) =>
        put(
          "insert into token (key, kind, client_id, issued_at, expires_at, payload) values ($1, 'access', 'x', $2, $2, '{}')",
          [randomBytes(32), at],
        ),
      7 * DAY,
    ],
    interaction: [
      (at) =>
        put(
          "insert into interaction (key, client_id, payload, seen_at, expires_at) values ($1, 'x', '{}', $2, $2)",
          [randomBytes(32), at],
        ),
      DAY,
    ],
    consent: [(at) => commit(store.one, [insertConsent(awaitingConsent(clientId, at))]), 2 * DAY],
    customer_session: [
      (at) =>
        put('insert into customer_session (key, customer_id, opened_at, seen_at) values ($1, $2, $3, $3)', [
          randomBytes(32),
          customerId,
          at,
        ]),
      30 * 60,
    ],
    totp_step: [
      (at) =>
        put('insert into totp_step (customer_id, step, used_at) values ($1, $2, $3)', [
          customerId,
          at.getTime(),
          at,
        ]),
      600,
    ],
    sign_in_attempt: [
      (at) =>
        put('insert into sign_in_attempt (key, failed, last_at) values ($1, 1, $2)', [randomBytes(32), at]),
      DAY,
    ],
    process: [
      (at) =>
        put(
          "insert into process (id, role, secrets_fingerprint, started_at, seen_at) values ($1, 'all', 'x', $2, $2)",
          [randomUUID(), at],
        ),
      3600,
    ],
    outbox: [
      (at) => put("insert into outbox (kind, body, written_at, sent_at) values ('x', '{}', $1, $1)", [at]),
      30 * DAY,
    ],
  }
  for (const [table, [insert, seconds]] of Object.entries(kept))
    it(`of ${table}: a row a second too old, and not one a second younger`, async () => {
      const before = await count(table)
      await insert(later(-seconds - 1))
      await insert(later(-seconds + 1))
      assert.equal(await reap(table), 1)
      assert.equal(await reap(table), 0)
      assert.equal(await count(table), before + 1)
    })

  it('a few at a time', async () => {
    for (let round = 0; round < 5; round += 1) await kept.sign_in_attempt?.[0](later(-30 * DAY))
    assert.deepEqual(
      [await reap('sign_in_attempt', 2), await reap('sign_in_attempt', 2), await reap('sign_in_attempt', 2)],
      [2, 2, 1],
    )
  })

  it('never a consent that was decided, however old', async () => {
    const { consent } = await addShared(store.one, clientId, customerId)
    await reap('consent', 1000, later(3650 * DAY))
    const rows = await store.one.query('still', 'select 1 from consent where id = $1', [consent.id])
    assert.equal(rows.length, 1)
  })

  it('and there is nothing left to reap of what it does not name: audit, customers, third parties, grants', () => {
    const named = reapingTasks(store.one, store.audit).map(({ table }) => table)
    for (const table of [
      'audit_event',
      'audit_salt',
      'customer',
      'third_party',
      'organisation',
      'grant',
      'subject',
      'account_alias',
    ])
      assert.ok(!named.includes(table), table)
  })

  describe('a consent whose code nobody collected', () => {
    const state = async (id: string) => {
      const [row] = await store.other.query<{ state: string; reason: string | null; ended: boolean }>(
        'state',
        'select c.state, c.reason, g.ended_at is not null as ended from consent c join "grant" g on g.consent_id = c.id where c.id = $1',
        [id],
      )
      return row
    }
    async function withCode(expiresAt: Date) {
      const { consent } = await addShared(store.one, clientId, customerId)
      const value = randomBytes(32).toString('base64url')
      const entry = {
        kind: 'code',
        value,
        grantId: consent.id,
        payload: {},
        expiresAt,
        keepUntil: later(DAY),
      } as const
      await commit(store.one, [insertOneTime(entry)])
      return { id: consent.id, value }
    }

    it('is closed with its reason, its grant and an audit row', async () => {
      const { id } = await withCode(later(-61))
      assert.equal(await reap('consent (never collected)'), 1)
      assert.deepEqual(await state(id), { state: 'revoked', reason: 'never-collected', ended: true })
      const [row] = await store.audit.list({ consentId: id, limit: 5 })
      assert.equal(row?.type, 'consent.revoked')
      assert.equal(await reap('consent (never collected)'), 0)
    })

    it('is left alone while the code may still be exchanged, and once it was', async () => {
      const [young, spent] = [await withCode(later(-59)), await withCode(later(-61))]
      await commit(store.one, [consumeOneTime('code', spent.value, now)])
      assert.equal(await reap('consent (never collected)'), 0)
      for (const { id } of [young, spent]) assert.equal((await state(id))?.state, 'authorised')
    })

    it('is closed once when two processes reap at once', async () => {
      const { id } = await withCode(later(-61))
      const tasks = [store.one, store.other].map((database) => reapingTasks(database, store.audit)[0])
      await Promise.all(tasks.map((task) => task?.reap(now, 10)))
      assert.equal((await store.audit.list({ consentId: id, limit: 5 })).length, 1)
    })
  })
})
