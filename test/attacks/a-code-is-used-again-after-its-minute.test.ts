import assert from 'node:assert/strict'
import { consentState, newestConsent } from '../journeys/shared.ts'
import { type MovableHouse, openMovableHouse } from '../support/movable-house.ts'
import { sharedAccounts } from './shared-accounts.ts'

// Decision 11: codes are kept for a day after their minute, so that a late second use is still recognised.
describe('a code that was exchanged is used again after its minute', () => {
  let house: MovableHouse
  before(async () => {
    house = await openMovableHouse()
  })
  after(() => house.close())

  it('is refused, and every token it gave ends', async () => {
    const acme = await house.register()
    const shared = await sharedAccounts(house, acme, { customer: await house.customer() })
    const consent = await newestConsent(house, acme)
    await house.later(61)

    assert.equal((await acme.exchange(shared.code, shared.asked)).status, 400)

    assert.deepEqual(await consentState(house, consent), { state: 'revoked', reason: 'code-reuse' })
    assert.equal((await acme.refresh(shared.refreshToken ?? '')).status, 400)
  })
})
