import assert from 'node:assert/strict'
import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import type { AssertionParts } from '../support/client-assertion.ts'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'

describe('client authentication (RFC 7523, FAPI 2.0 Security Profile §5.3.2.1 items 5 to 8)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  const now = () => Math.floor(Date.now() / 1000)
  const push = (assertion: AssertionParts | string | false, more = {}): Promise<Answer> =>
    acme.push(requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)), {
      assertion,
      ...more,
    })

  const taken: Readonly<Record<string, () => AssertionParts>> = {
    'with the issuer as its audience, a string': () => ({ claims: { aud: house.issuer } }),
    'made by a clock 10 seconds ahead (item 13)': () => ({
      claims: { iat: now() + 10, nbf: now() + 10, exp: now() + 70 },
    }),
    'made by a clock 50 seconds ahead': () => ({ claims: { iat: now() + 50, exp: now() + 110 } }),
    'that lives five minutes': () => ({ claims: { exp: now() + 298 } }),
    'without iat, which is optional': () => ({ claims: { iat: undefined } }),
    'without kid': () => ({ header: { kid: undefined } }),
  }
  for (const [how, parts] of Object.entries(taken))
    it(`takes an assertion ${how}`, async () => {
      expectStatus(await push(parts()), 201)
    })

  const refused: Readonly<Record<string, () => AssertionParts>> = {
    'with a list as its audience': () => ({ claims: { aud: [house.issuer] } }),
    'with a list of two': () => ({ claims: { aud: [house.issuer, 'https://elsewhere.test'] } }),
    'for the token endpoint': () => ({ claims: { aud: `${house.issuer}/token` } }),
    'for the PAR endpoint': () => ({ claims: { aud: `${house.issuer}/par` } }),
    'for the issuer with a slash more': () => ({ claims: { aud: `${house.issuer}/` } }),
    'for the issuer in capitals': () => ({ claims: { aud: house.issuer.toUpperCase() } }),
    'for the certificate listener': () => ({ claims: { aud: house.config.certificate.url } }),
    'without audience': () => ({ claims: { aud: undefined } }),
    'made 70 seconds ahead (item 13)': () => ({ claims: { iat: now() + 70, exp: now() + 130 } }),
    'not valid before 70 seconds from now': () => ({ claims: { nbf: now() + 70, exp: now() + 130 } }),
    'with an iat an hour ahead and no nbf': () => ({ claims: { iat: now() + 3600, exp: now() + 200 } }),
    'with an iat that is a text': () => ({ claims: { iat: String(now()) } }),
    'that expired five minutes ago': () => ({ claims: { iat: now() - 400, exp: now() - 300 } }),
    'that expired 20 seconds ago': () => ({ claims: { iat: now() - 80, exp: now() - 20 } }),
    'that lives ten years': () => ({ claims: { exp: now() + 315_360_000 } }),
    'that lives six minutes': () => ({ claims: { exp: now() + 360 } }),
    'that never expires': () => ({ claims: { exp: undefined } }),
    'without jti': () => ({ claims: { jti: undefined } }),
    'with an empty jti': () => ({ claims: { jti: '' } }),
    'with a jti of 200 characters': () => ({ claims: { jti: 'j'.repeat(200) } }),
    'with a jti that is a number': () => ({ claims: { jti: 7 } }),
    'without sub': () => ({ claims: { sub: undefined } }),
    'without iss': () => ({ claims: { iss: undefined } }),
    'with another iss': () => ({ claims: { iss: 'somebody-else' } }),
    'signed by alg none': () => ({ alg: 'none' }),
    'signed RS256 (§5.4.1)': () => ({ alg: 'RS256' }),
    'that says PS256 and is signed RS256': () => ({ header: { alg: 'RS256' } }),
    'signed HS256 with the public key as its secret': () => ({
      alg: 'HS256',
      key: Buffer.from(acme.facts.key.publicKey.export({ type: 'spki', format: 'pem' })),
    }),
    'with a critical header nobody knows': () => ({ header: { crit: ['b64x'], b64x: true } }),
  }
  for (const [how, parts] of Object.entries(refused))
    it(`refuses an assertion ${how}`, async () => {
      expectRefusal(await push(parts()), 401, 'invalid_client')
    })

  it("refuses another party's key, under its own kid and under the right one", async () => {
    const thief = await makeKeyPair('PS256')
    for (const header of [{}, { kid: thief.kid }])
      expectRefusal(await push({ key: thief.privateKey, header }), 401, 'invalid_client')
  })

  it('refuses a key that the header brings along', async () => {
    const thief = await makeKeyPair('PS256')
    const header = { kid: thief.kid, jwk: thief.publicJwk }
    expectRefusal(await push({ key: thief.privateKey, header }), 401, 'invalid_client')
  })

  it('takes an assertion once: at no second endpoint either', async () => {
    const assertion = acme.caller.assertion()
    expectStatus(await push(acme.caller.assertion()), 201)
    const first = await acme.revoke('nothing', { assertion })
    expectStatus(first, 200)
    for (const answer of [
      await push(assertion),
      await acme.revoke('nothing', { assertion }),
      await acme.refresh('nothing', { assertion }),
      await acme.introspect('nothing', { assertion }),
    ])
      expectRefusal(answer, 401, 'invalid_client')
  })

  it('refuses a client_id beside the assertion that is another', async () => {
    for (const answer of [
      await push({}, { parameters: { client_id: 'somebody-else' } }),
      await push({ claims: { sub: 'somebody-else' } }),
      await push({ claims: { sub: 'somebody-else', iss: 'somebody-else' } }),
    ]) {
      assert.ok([400, 401].includes(answer.status))
      assert.ok(['invalid_client', 'invalid_request'].includes(String(answer.json().error)))
    }
  })

  it('refuses two ways to authenticate in one request', async () => {
    const basic = `Basic ${Buffer.from(`${acme.clientId}:secret`).toString('base64')}`
    const answer = await push({}, { headers: { authorization: basic } })
    assert.ok([400, 401].includes(answer.status))
    assert.ok(['invalid_request', 'invalid_client'].includes(String(answer.json().error)))
  })

  const weaker: Readonly<Record<string, { parameters?: Record<string, string>; headers?: object }>> = {
    'a client_id alone': { parameters: {} },
    'a secret in the body': { parameters: { client_secret: 'secret' } },
    'a secret in the header': { headers: { authorization: 'Basic YTpi' } },
    'an assertion of another type': {
      parameters: {
        client_assertion: 'x',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
      },
    },
  }
  for (const [what, { parameters = {}, headers = {} }] of Object.entries(weaker))
    it(`refuses ${what}`, async () => {
      const answer = await push(false, { parameters: { client_id: acme.clientId, ...parameters }, headers })
      assert.ok([400, 401].includes(answer.status), String(answer.status))
      assert.ok(['invalid_client', 'invalid_request'].includes(String(answer.json().error)))
    })

  it('tells a stranger and a wrong signature apart by nothing (threats B20)', async () => {
    const thief = await makeKeyPair('PS256')
    const unknown = acme.with({ clientId: 'A'.repeat(43) })
    const stranger = await unknown.push(
      requestParameters(unknown.clientId, newPendingRequest(acme.facts.redirectUri)),
    )
    const wrong = await push({ key: thief.privateKey })
    assert.equal(stranger.status, wrong.status)
    assert.equal(stranger.body, wrong.body)
  })
})
