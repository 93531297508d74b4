import assert from 'node:assert/strict'
import { openDisclosures } from '../../src/store/disclosures.ts'
import { keyOf } from '../../src/store/secrets.ts'
import {
  addCustomer,
  addShared,
  addThirdParty,
  anEvent,
  later,
  now,
  openStore,
  type Shared,
  type Store,
} from './open-store.ts'

describe('what leaves is written down while it may leave, in one statement', () => {
  let store: Store
  let clientId: string
  let customerId: string
  before(async () => {
    store = await openStore()
  })
  beforeEach(async () => {
    clientId = (await addThirdParty(store.one)).clientId
    customerId = (await addCustomer(store.one)).id
  })
  after(() => store.close())

  const record = ({ consent, token }: Shared, at = now, consentId = consent.id) =>
    openDisclosures(store.one, store.audit, () => at).record({
      tokenKey: keyOf(token),
      consentId,
      event: anEvent({ type: 'data.disclosed', clientId, consentId, at, facts: { rows: 3 } }),
    })
  const told = async ({ consent }: Shared) =>
    (await store.audit.list({ consentId: consent.id, limit: 10 })).length

  it('for a live token: true, one row, and the consent says when it was last used', async () => {
    const shared = await addShared(store.one, clientId, customerId)
    assert.equal(await record(shared), true)
    assert.equal(await told(shared), 1)
    const [row] = await store.one.query<{ last_used_at: Date }>(
      'used',
      'select last_used_at from consent where id = $1',
      [shared.consent.id],
    )
    assert.deepEqual(row?.last_used_at, now)
  })

  const endings: Readonly<Record<string, (shared: Shared) => readonly [string, readonly unknown[]]>> = {
    'the token was revoked': ({ token }) => [
      'update token set revoked_at = now() where key = $1',
      [keyOf(token)],
    ],
    'the grant ended': ({ consent }) => ['update "grant" set ended_at = now() where id = $1', [consent.id]],
    'the consent was stopped': ({ consent }) => [
      "update consent set state = 'revoked', closed_at = now(), reason = 'stopped-by-bank' where id = $1",
      [consent.id],
    ],
    'the consent expired': ({ consent }) => [
      'update consent set expires_at = $2 where id = $1',
      [consent.id, now],
    ],
    'the third party was suspended': () => [
      "update third_party set standing = 'suspended' where client_id = $1",
      [clientId],
    ],
    'the customer was blocked': () => ['update customer set blocked_at = now() where id = $1', [customerId]],
  }
  for (const [what, ending] of Object.entries(endings))
    it(`not when ${what}: false, and no row`, async () => {
      const shared = await addShared(store.one, clientId, customerId)
      const [text, values] = ending(shared)
      await store.other.query(what, text, values)
      assert.equal(await record(shared), false)
      assert.equal(await told(shared), 0)
    })

  it('not when the token expired, or belongs to another consent, or never was', async () => {
    const [shared, other] = [
      await addShared(store.one, clientId, customerId),
      await addShared(store.one, clientId, customerId),
    ]
    assert.equal(await record(shared, later(301)), false)
    assert.equal(await record(shared, now, other.consent.id), false)
    assert.equal(await record({ ...shared, token: 'never' }), false)
    assert.equal((await told(shared)) + (await told(other)), 0)
  })

  it('each of a hundred at once is answered for itself', async () => {
    const live = await addShared(store.one, clientId, customerId)
    const dead = await addShared(store.one, clientId, customerId)
    await store.one.query('kill', 'update token set revoked_at = now() where key = $1', [keyOf(dead.token)])
    const disclosures = openDisclosures(store.one, store.audit, () => now)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => {
        const { consent, token } = index % 3 === 0 ? dead : live
        const event = anEvent({ type: 'data.disclosed', consentId: consent.id })
        return disclosures.record({ tokenKey: keyOf(token), consentId: consent.id, event })
      }),
    )
    assert.deepEqual(
      answers,
      answers.map((_, index) => index % 3 !== 0),
    )
    const rows = await store.one.query('mine', 'select 1 from audit_event where consent_id = $1', [
      live.consent.id,
    ])
    assert.equal(rows.length, answers.filter(Boolean).length)
  })
})
