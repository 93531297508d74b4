import assert from 'node:assert/strict'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import { tokensFor } from './agreed.ts'

describe('refresh (RFC 6749 §6, FAPI 2.0 Security Profile §5.3.2.1 item 9)', () => {
  let house: House
  let acme: ThirdParty
  let tokens: CollectedTokens
  before(async () => {
    house = await openHouse()
    acme = await house.register()
    tokens = await tokensFor(house, acme)
  })
  after(() => house.close())

  const refresh = (options = {}) => acme.refresh(tokens.refreshToken ?? '', options)

  it('gives the same refresh token or none, however often: it does not rotate', async () => {
    for (let round = 0; round < 5; round += 1) {
      const fresh = await acme.renew(tokens.refreshToken ?? '')
      assert.equal(fresh.scope, tokens.scope)
      assert.deepEqual(fresh.authorizationDetails, tokens.authorizationDetails)
      assert.notEqual(fresh.accessToken, tokens.accessToken)
    }
  })

  it('takes a new DPoP key, and the new token is bound to that one', async () => {
    const dpopKey = await makeKeyPair('ES256')
    const moved = acme.with({ dpopKey })
    const { accessToken } = await moved.renew(tokens.refreshToken ?? '')
    assert.equal((await moved.resource('/accounts', accessToken)).status, 200)
    assert.equal((await acme.resource('/accounts', accessToken)).status, 401)
  })

  it('refuses without client authentication', async () => {
    expectRefusal(await refresh({ assertion: false }), 400, 'invalid_client', 'invalid_request')
  })

  it('refuses without a proof of possession', async () => {
    expectRefusal(await refresh({ proof: false }), 400, 'invalid_grant', 'invalid_request')
  })

  it("refuses another client's refresh token, and leaves it good", async () => {
    const shady = await house.register({ name: 'Shady Ledger' })
    expectRefusal(await shady.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
    expectStatus(await refresh(), 200)
  })

  it('refuses an access token, an id_token and nonsense in its place', async () => {
    for (const other of [tokens.accessToken, tokens.idToken ?? '', 'x', 'x'.repeat(5000), '\u0000'])
      expectRefusal(await acme.refresh(other), 400, 'invalid_grant', 'invalid_request')
  })

  for (const scope of ['openid accounts payments', 'payments', 'offline_access'])
    it(`refuses more than was given: scope "${scope}" (threats B16)`, async () => {
      expectRefusal(await refresh({ parameters: { scope } }), 400, 'invalid_scope')
    })

  it('gives no more accounts or permissions when more are asked for', async () => {
    const more = JSON.stringify([{ type: 'account_access', permissions: ['ReadAccountsDetail'] }])
    const answer = await refresh({ parameters: { authorization_details: more } })
    if (answer.status === 200)
      assert.deepEqual(answer.json().authorization_details, tokens.authorizationDetails)
    else assert.equal(answer.status, 400)
  })

  it('ends with the consent', async () => {
    const ended = await tokensFor(house, acme)
    await house.sql(
      `update consent set state = 'revoked', closed_at = now(), reason = 'stopped-by-bank'
        where id = (select id from consent order by created_at desc limit 1)`,
    )
    expectRefusal(await acme.refresh(ended.refreshToken ?? ''), 400, 'invalid_grant')
  })
})
