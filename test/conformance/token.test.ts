import assert from 'node:assert/strict'
import type { Parameters } from '../support/authorization-request.ts'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { agreed } from './agreed.ts'

describe('the token endpoint (RFC 6749 §4.1.3 and §5, FAPI 2.0 Security Profile §5.3.2)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  it('answers with tokens that nobody can guess and nobody may cache', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    const answer = expectStatus(await acme.exchange(code, asked), 200)
    const body = answer.json()
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.deepEqual(Object.keys(body).sort(), [
      'access_token',
      'authorization_details',
      'expires_in',
      'id_token',
      'refresh_token',
      'scope',
      'token_type',
    ])
    assert.equal(body.token_type, 'DPoP')
    assert.equal(body.expires_in, 300)
    assert.match(String(body.access_token), /^[A-Za-z0-9_-]{43,}$/)
    assert.match(String(body.refresh_token), /^[A-Za-z0-9_-]{43,}$/)
  })

  it('issues an id_token with the claims it should have and no others', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    const tokens = await acme.accept(await acme.exchange(code, asked), asked)
    const [header, claims] = String(tokens.idToken).split('.').slice(0, 2).map(decoded)
    assert.deepEqual(Object.keys(claims ?? {}).sort(), ['aud', 'exp', 'iat', 'iss', 'nonce', 'sub'])
    assert.equal(header?.alg, 'PS256')
    assert.equal(Number(claims?.exp) - Number(claims?.iat), 300)
    assert.equal(claims?.iss, house.issuer)
    assert.equal(claims?.aud, acme.clientId)
    assert.equal(claims?.nonce, asked.nonce)
  })

  it('issues an ES256 id_token to a client that asked for one', async () => {
    const party = await house.register({ alg: 'ES256' })
    const { asked, callback } = await agreed(house, await party.ask())
    const { idToken } = await party.collect(callback, asked)
    assert.equal(decoded(String(idToken).split('.')[0] ?? '').alg, 'ES256')
  })

  it('tells what was agreed, accounts included, as authorization_details (RFC 9396 §7)', async () => {
    const { asked, callback } = await agreed(house, await acme.ask())
    const { authorizationDetails: details } = await acme.collect(callback, asked)
    assert.equal(details.length, 1)
    assert.equal(details[0]?.type, 'account_access')
    assert.ok(Array.isArray(details[0]?.accounts) && details[0].accounts.length === 3)
  })

  const wrong: Readonly<Record<string, Parameters>> = {
    'another verifier': { code_verifier: 'w'.repeat(43) },
    'no verifier': { code_verifier: undefined },
    'a verifier that is too short': { code_verifier: 'w'.repeat(42) },
    'another redirect_uri': { redirect_uri: 'https://acme-budget.test/other' },
    'no redirect_uri': { redirect_uri: undefined },
    'a code that never was': { code: 'c'.repeat(43) },
    'no code': { code: undefined },
    'the code twice': { code: ['a', 'b'] },
    'a resource that was not asked for': { resource: 'https://elsewhere.test' },
  }
  for (const [what, parameters] of Object.entries(wrong))
    it(`refuses ${what}, and the honest exchange still succeeds (threats A14)`, async () => {
      const { asked, code } = await agreed(house, await acme.ask())
      const answer = await acme.exchange(code, asked, { parameters })
      expectRefusal(answer, 400, 'invalid_grant', 'invalid_request', 'invalid_target')
      assert.equal(answer.headers['cache-control'], 'no-store')
      expectStatus(await acme.exchange(code, asked), 200)
    })

  it('refuses the code of another client, which stays good for its owner', async () => {
    const shady = await house.register({ name: 'Shady Ledger' })
    const { asked, code } = await agreed(house, await acme.ask())
    expectRefusal(await shady.exchange(code, asked), 400, 'invalid_grant')
    expectStatus(await acme.exchange(code, asked), 200)
  })

  it('gives no more when more is asked for at the exchange', async () => {
    const { asked, code } = await agreed(
      house,
      await acme.ask([{ type: 'account_access', permissions: ['ReadAccountsBasic'] }]),
    )
    const more = JSON.stringify([
      { type: 'account_access', permissions: ['ReadAccountsDetail', 'ReadBalances'] },
    ])
    const answer = await acme.exchange(code, asked, { parameters: { authorization_details: more } })
    const [detail] = (answer.json().authorization_details ?? []) as JsonObject[]
    if (answer.status === 200) assert.deepEqual(detail?.permissions, ['ReadAccountsBasic'])
    else assert.equal(answer.status, 400)
  })

  const notOffered = [
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:device_code',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:ietf:params:oauth:grant-type:saml2-bearer',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:pre-authorized_code',
    'urn:openid:params:grant-type:ciba',
    'constructor',
    '__proto__',
  ]
  for (const grant of notOffered)
    it(`offers no grant ${grant} (threats B8)`, async () => {
      const parameters = { grant_type: grant, username: 'x', password: 'y', assertion: 'z', device_code: 'd' }
      expectRefusal(await acme.clientCredentials(undefined, { parameters }), 400, 'unsupported_grant_type')
    })

  it('gives client_credentials to who registered for them alone', async () => {
    // RFC 6749 §5.2 would say unauthorized_client; the engine says invalid_request, which plans accept.
    expectRefusal(await acme.clientCredentials(), 400, 'unauthorized_client', 'invalid_request')
  })

  describe('with client_credentials', () => {
    let party: ThirdParty
    before(async () => {
      party = await house.register({
        metadata: { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] },
      })
    })

    it('gives a sender-constrained token without refresh token or id_token', async () => {
      const body = expectStatus(await party.clientCredentials(), 200).json()
      assert.equal(body.token_type, 'DPoP')
      assert.equal(body.refresh_token, undefined)
      assert.equal(body.id_token, undefined)
    })

    for (const scope of ['accounts', 'openid accounts', 'accounts accounts'])
      it(`refuses scope "${scope}": account data needs a customer`, async () => {
        expectRefusal(await party.clientCredentials(scope), 400, 'invalid_scope')
      })

    it('reads no account with such a token', async () => {
      const body = expectStatus(await party.clientCredentials(), 200).json()
      const answer = await party.resource('/accounts', String(body.access_token))
      assert.ok([401, 403].includes(answer.status), String(answer.status))
    })
  })

  it('explains errors in plain ASCII without line breaks (RFC 6749 §5.2)', async () => {
    const nasty = '"\r\nSet-Cookie: x=1\t\\é\u2028'
    for (const parameters of [
      { grant_type: nasty },
      { code: nasty },
      { scope: nasty },
      { resource: nasty },
      { client_id: nasty },
    ]) {
      const answer = await acme.exchange(
        'x',
        { redirectUri: 'https://x.test', verifier: 'x' },
        { parameters },
      )
      assert.ok([400, 401].includes(answer.status))
      assert.match(String(answer.json().error_description ?? ''), /^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/)
      assert.match(String(answer.json().error), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      assert.equal(answer.headers['set-cookie'], undefined)
    }
  })
})

function decoded(part: string): JsonObject {
  return JSON.parse(Buffer.from(part, 'base64url').toString())
}
