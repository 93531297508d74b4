import assert from 'node:assert/strict'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { identityFor, tokensFor } from './agreed.ts'

describe('revocation (RFC 7009)', () => {
  let house: House
  let acme: ThirdParty
  let shady: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
    shady = await house.register({ name: 'Shady Ledger' })
  })
  after(() => house.close())

  it("answers 200 alike for another's tokens, dead ones and none, and changes nothing (§2.2)", async () => {
    const tokens = await tokensFor(house, acme)
    const answers = [
      await shady.revoke(tokens.accessToken),
      await shady.revoke(tokens.refreshToken ?? ''),
      await shady.revoke('x'.repeat(43)),
      await shady.revoke('no token at all'),
    ]
    const seen = answers.map(({ status, body }) => `${status} ${body}`)
    assert.deepEqual([...new Set(seen)], ['200 '])
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
    expectStatus(await acme.refresh(tokens.refreshToken ?? ''), 200)
  })

  it('ends one access token and nothing else', async () => {
    const tokens = await tokensFor(house, acme)
    expectStatus(await acme.revoke(tokens.accessToken), 200)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 401)
    const fresh = await acme.renew(tokens.refreshToken ?? '')
    assert.equal((await acme.resource('/accounts', fresh.accessToken)).status, 200)
  })

  it('ends with the refresh token everything that hangs on it, and the consent', async () => {
    const tokens = await tokensFor(house, acme)
    expectStatus(await acme.revoke(tokens.refreshToken ?? ''), 200)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 401)
    expectRefusal(await acme.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
    const reasons = await house.sql<{ reason: string }>("select reason from consent where state = 'revoked'")
    assert.deepEqual(reasons, [{ reason: 'stopped-by-third-party' }])
    expectStatus(await acme.revoke(tokens.refreshToken ?? ''), 200)
  })

  it('pays no heed to a wrong hint', async () => {
    const tokens = await tokensFor(house, acme)
    const parameters = { token_type_hint: 'access_token' }
    expectStatus(await acme.revoke(tokens.refreshToken ?? '', { parameters }), 200)
    expectRefusal(await acme.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
  })

  it('says so when it is shown what is no token to revoke, such as an id_token (§2.2.1)', async () => {
    const tokens = await tokensFor(house, acme)
    expectRefusal(await acme.revoke(tokens.idToken ?? ''), 400, 'unsupported_token_type')
  })

  it('needs a client that authenticates, and a token', async () => {
    expectRefusal(await acme.revoke('x', { assertion: false }), 400, 'invalid_request')
    expectRefusal(await acme.revoke('x', { parameters: { token: undefined } }), 400, 'invalid_request')
  })
})

describe('userinfo (OpenID Connect Core §5.3)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  it('tells the pairwise subject to a token for identity alone, and nothing more', async () => {
    const tokens = await identityFor(house, acme)
    const answer = expectStatus(await acme.userinfo(tokens.accessToken), 200)
    assert.deepEqual(answer.json(), { sub: tokens.subject })
    assert.equal(answer.headers['cache-control'], 'no-store')
  })

  it('tells nothing to a token for accounts, which is for the gateway', async () => {
    const tokens = await tokensFor(house, acme)
    const answer = await acme.userinfo(tokens.accessToken)
    assert.ok([401, 403].includes(answer.status), String(answer.status))
    assert.equal(answer.json().sub, undefined)
  })

  it('opens no account for a token for identity alone', async () => {
    const tokens = await identityFor(house, acme)
    const answer = await acme.resource('/accounts', tokens.accessToken)
    assert.ok([401, 403].includes(answer.status), String(answer.status))
  })

  it('takes no token in the query or the body', async () => {
    const { accessToken } = await identityFor(house, acme)
    const base = acme.endpoint('userinfo_endpoint')
    const inQuery = await house.transport.send({ url: `${base}?access_token=${accessToken}` })
    const inBody = await house.transport.send({
      url: base,
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `access_token=${accessToken}`,
    })
    for (const answer of [inQuery, inBody]) assert.ok([400, 401].includes(answer.status))
  })

  it('is told apart from a dead token by its challenge, and falls silent when the consent ends', async () => {
    const { accessToken } = await identityFor(house, acme)
    await house.sql(
      "update consent set state = 'revoked', closed_at = now(), reason = 'stopped-by-bank' where state = 'authorised'",
    )
    const answer = await acme.userinfo(accessToken)
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), /DPoP .*error="invalid_token"/)
  })
})
