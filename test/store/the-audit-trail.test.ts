import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { leafHash } from '../../src/domain/audit-event.ts'
import { openAuditTrail } from '../../src/store/audit.ts'
import { addCustomer, anEvent, later, now, openStore, type Store } from './open-store.ts'

describe('the audit trail', () => {
  let store: Store
  before(async () => {
    store = await openStore()
  })
  after(() => store.close())

  const rows = () =>
    store.one.query<{ canonical: string; leaf: Buffer }>('all', 'select * from audit_event order by id', [])

  it('is appended to and never changed: update, delete and truncate are refused', async () => {
    await store.audit.append(anEvent())
    const before = await rows()
    for (const attempt of [
      "update audit_event set type = 'nothing.happened'",
      'update audit_event set canonical = canonical',
      'delete from audit_event',
      'truncate audit_event',
      'truncate audit_event cascade',
    ])
      await assert.rejects(store.other.query(attempt, attempt, []), { code: '42501' }, attempt)
    assert.deepEqual(await rows(), before)
  })

  it('keeps each row with the leaf hash of exactly its text', async () => {
    await store.audit.append(anEvent({ facts: { b: 1, a: ['x', true] }, interactionId: randomUUID() }))
    for (const { canonical, leaf } of await rows()) {
      assert.deepEqual(leaf, leafHash(canonical))
      assert.equal(JSON.parse(canonical).schema, 1)
    }
  })

  it('names customers by a pseudonym: the same everywhere, another for each, gone with its salt', async () => {
    const [a, b] = [await addCustomer(store.one), await addCustomer(store.one)]
    const elsewhere = await openAuditTrail(store.other)
    await store.audit.append(anEvent({ customerId: a.id }))
    await elsewhere.append(anEvent({ customerId: a.id }))
    await store.audit.append(anEvent({ customerId: b.id }))
    assert.equal((await store.audit.list({ customerId: a.id, limit: 10 })).length, 2)
    assert.equal((await elsewhere.list({ customerId: b.id, limit: 10 })).length, 1)
    const text = JSON.stringify(await rows())
    for (const secret of [a.id, b.id, a.customerNumber, a.bankCustomerId, a.name])
      assert.ok(!text.includes(secret))
    await store.one.query('forget', 'delete from audit_salt where customer_id = $1', [a.id])
    const fresh = await openAuditTrail(store.one)
    assert.deepEqual(await fresh.list({ customerId: a.id, limit: 10 }), [])
  })

  it('agrees on one salt when many meet a customer for the first time at once', async () => {
    const { id } = await addCustomer(store.one)
    const trails = await Promise.all(
      Array.from({ length: 20 }, (_, turn) => openAuditTrail(store.either(turn))),
    )
    await Promise.all(trails.map((trail) => trail.append(anEvent({ customerId: id }))))
    assert.equal((await store.audit.list({ customerId: id, limit: 50 })).length, 20)
  })

  it('lists by consent, client and customer, oldest first, the newest when there are too many', async () => {
    const [consentId, clientId] = [randomUUID(), `client-${randomUUID()}`]
    for (const second of [1, 2, 3])
      await store.audit.append(anEvent({ consentId, clientId, at: later(second) }))
    const found = await store.audit.list({ consentId, limit: 2 })
    assert.deepEqual(
      found.map(({ at }) => at),
      [later(2), later(3)],
    )
    assert.equal((await store.audit.list({ clientId, limit: 10 })).length, 3)
    assert.deepEqual(await store.audit.list({ consentId, clientId: 'another', limit: 10 }), [])
  })

  it('stands in the transaction that it tells of', async () => {
    await store.audit.append(anEvent({ at: now }))
    const [row] = await store.one.query<{ mine: boolean }>(
      'xid',
      'select bool_and(written_by < pg_snapshot_xmax(pg_current_snapshot())) as mine from audit_event',
      [],
    )
    assert.equal(row?.mine, true)
  })
})
