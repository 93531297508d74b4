import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { isUnavailable } from '../../src/domain/problem.ts'
import { openLedger } from '../../src/store/ledger.ts'
import { keyOf } from '../../src/store/secrets.ts'
import { insertToken } from '../../src/store/tokens.ts'
import type { Write } from '../../src/store/writes.ts'
import { later, now, openStore, type Store } from './open-store.ts'

/** As a token request leaves them: a row for the token and a row for the trail. */
interface Unit {
  readonly value: string
  readonly writes: readonly Write[]
}

describe('commits that share a statement', () => {
  let store: Store
  before(async () => {
    store = await openStore()
  })
  after(() => store.close())

  const unit = async (
    value = randomBytes(32).toString('base64url'),
    note = value.slice(0, 8),
  ): Promise<Unit> => ({
    value,
    writes: [
      insertToken({
        value,
        kind: 'client-credentials',
        clientId: note,
        issuedAt: now,
        expiresAt: later(300),
        payload: { note, quotes: '"{}\\,\n\'NULL' },
      }),
      await store.audit.row({ type: 'token.issued', actor: 'third-party', at: now, clientId: note }),
    ],
  })
  const tokens = async (value: string) =>
    store.one.query<{ payload: unknown; client_id: string; issued_at: Date; grant_id: string | null }>(
      'token-by-key',
      'select payload, client_id, issued_at, grant_id from token where key = $1',
      [keyOf(value)],
    )
  const told = async (clientId: string): Promise<number> =>
    (await store.audit.list({ clientId, limit: 10 })).length

  it('make every unit whole, with the very values it would have had alone', async () => {
    const { commit } = openLedger(store.one, store.audit)
    const units = await Promise.all(Array.from({ length: 150 }, () => unit()))
    await Promise.all(units.map(({ writes }) => commit(writes)))
    for (const { value } of units) {
      const note = value.slice(0, 8)
      const payload = { note, quotes: '"{}\\,\n\'NULL' }
      assert.deepEqual(await tokens(value), [{ payload, client_id: note, issued_at: now, grant_id: null }])
      assert.equal(await told(note), 1)
    }
  })

  it('take fewer statements than units, and no unit is answered before it is committed', async () => {
    let statements = 0
    const counted = {
      ...store.one,
      query: <Row>(name: string, text: string, values: readonly unknown[]) => {
        statements += 1
        return store.one.query<Row>(name, text, values)
      },
    }
    const { commit } = openLedger(counted, store.audit)
    const units = await Promise.all(Array.from({ length: 60 }, () => unit()))
    await Promise.all(
      units.map(async ({ value, writes }) => {
        await commit(writes)
        assert.equal((await tokens(value)).length, 1)
      }),
    )
    assert(statements < 30, `${statements} statements for 60 units`)
  })

  it('refuse the unit that cannot be, whole, and no other for it', async () => {
    const { commit } = openLedger(store.one, store.audit)
    const taken = await unit()
    await commit(taken.writes)
    const again = await unit(taken.value, `again-${randomUUID().slice(0, 8)}`)
    const good = await Promise.all(Array.from({ length: 20 }, () => unit()))
    const outcomes = await Promise.allSettled(
      [...good.slice(0, 10), again, ...good.slice(10)].map(({ writes }) => commit(writes)),
    )
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      outcomes.map((_, index) => (index === 10 ? 'rejected' : 'fulfilled')),
    )
    assert.equal(await told(String(again.writes[0]?.values[2])), 0)
    for (const { value } of good) assert.equal(await told(value.slice(0, 8)), 1)
  })

  it('leave one winner where the same row is asked for twice at once', async () => {
    const { commit } = openLedger(store.one, store.audit)
    const value = randomBytes(32).toString('base64url')
    const rivals = await Promise.all(
      Array.from({ length: 8 }, (_, index) => unit(value, `rival-${index}-${value.slice(0, 6)}`)),
    )
    const outcomes = await Promise.allSettled(rivals.map(({ writes }) => commit(writes)))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    const rows = await Promise.all(rivals.map((_, index) => told(`rival-${index}-${value.slice(0, 6)}`)))
    assert.deepEqual(
      rows,
      outcomes.map(({ status }) => (status === 'fulfilled' ? 1 : 0)),
    )
  })

  it('are all told when nobody knows whether they were made', async () => {
    const away = {
      ...store.one,
      query: async (): Promise<never> => {
        throw await store.other
          .query('die', 'select pg_terminate_backend(pg_backend_pid())', [])
          .catch((error: unknown) => error)
      },
    }
    const { commit } = openLedger(away, store.audit)
    const units = await Promise.all(Array.from({ length: 5 }, () => unit()))
    const outcomes = await Promise.allSettled(units.map(({ writes }) => commit(writes)))
    for (const outcome of outcomes)
      assert(
        outcome.status === 'rejected' && isUnavailable(outcome.reason),
        'the unit was told something else',
      )
    for (const { value } of units) assert.equal((await tokens(value)).length, 0)
  })
})
