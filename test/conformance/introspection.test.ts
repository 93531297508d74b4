import assert from 'node:assert/strict'
import { randomUUID, X509Certificate } from 'node:crypto'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import { identityFor, tokensFor } from './agreed.ts'

describe("introspection by the bank's resource APIs (RFC 7662)", () => {
  let house: House
  let acme: ThirdParty
  let api: ThirdParty
  let tokens: CollectedTokens
  before(async () => {
    house = await openHouse()
    acme = await house.register()
    api = await resourceServer(house.gateway)
    tokens = await tokensFor(house, acme)
  })
  after(() => house.close())

  /** Speaks as a client does; only what it may do is another. */
  async function resourceServer(
    resource: string,
    certificate?: { certificate: string; key: string },
  ): Promise<ThirdParty> {
    const key = await makeKeyPair('ES256')
    const clientId = `rs-${randomUUID()}`
    const x5c = certificate && [new X509Certificate(certificate.certificate).raw.toString('base64')]
    const metadata: JsonObject = {
      client_id: clientId,
      token_endpoint_auth_method: certificate ? 'self_signed_tls_client_auth' : 'private_key_jwt',
      jwks: { keys: [{ ...key.publicJwk, ...(x5c && { x5c }) }] },
    }
    await house.sql(
      'insert into resource_server (client_id, name, resource, metadata, added_at) values ($1, $2, $3, $4, now())',
      [clientId, 'An API', resource, JSON.stringify(metadata)],
    )
    return acme.with({ clientId, key, ...(certificate && { certificate }) })
  }

  it('tells whose token it is, what it is good for, and the key that must be proved', async () => {
    const body = expectStatus(await api.introspect(tokens.accessToken), 200).json()
    assert.deepEqual(Object.keys(body).sort(), [
      'active',
      'aud',
      'authorization_details',
      'client_id',
      'cnf',
      'consent',
      'exp',
      'iat',
      'iss',
      'scope',
      'sub',
      'token_type',
    ])
    assert.equal(body.active, true)
    assert.equal(body.iss, house.issuer)
    assert.equal(body.client_id, acme.clientId)
    assert.equal(body.aud, house.gateway)
    assert.equal(body.sub, tokens.subject)
    assert.equal(body.token_type, 'DPoP')
    assert.deepEqual(body.cnf, { jkt: acme.facts.dpopKey.kid })
    assert.deepEqual(body.authorization_details, tokens.authorizationDetails)
    assert.equal(Number(body.exp) - Number(body.iat), 300)
  })

  it('is exactly {"active":false} for everything else, cached by nobody', async () => {
    const identity = await identityFor(house, acme)
    const revoked = await tokensFor(house, acme)
    await acme.revoke(revoked.accessToken)
    const others = [
      identity.accessToken,
      revoked.accessToken,
      tokens.refreshToken ?? '',
      tokens.idToken ?? '',
      'x',
      'x'.repeat(10_000),
      '\u0000',
      'é',
    ]
    for (const token of others) {
      const answer = expectStatus(await api.introspect(token), 200)
      assert.equal(answer.body, '{"active":false}')
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })

  it('is the same to the API of another resource and to third parties, the owner included', async () => {
    const other = await resourceServer('https://payments.bank.test')
    for (const party of [other, acme, await house.register({ name: 'Shady Ledger' })])
      assert.equal(expectStatus(await party.introspect(tokens.accessToken), 200).body, '{"active":false}')
  })

  it('pays no heed to the hint', async () => {
    for (const hint of ['refresh_token', 'nonsense']) {
      const answer = await api.introspect(tokens.accessToken, { parameters: { token_type_hint: hint } })
      assert.equal(answer.json().active, true)
    }
  })

  it('takes the very certificate that was registered, on the certificate listener', async () => {
    const certificate = await house.authority.client({ commonName: 'an-api' })
    const byCertificate = await resourceServer('https://certified.bank.test', certificate)
    const url = `${house.config.certificate.url}/introspect`
    const ask = (cert: typeof certificate | false, at = url) =>
      byCertificate.introspect('x', {
        assertion: false,
        parameters: { client_id: byCertificate.clientId },
        certificate: cert,
        url: at,
      })
    assert.equal(expectStatus(await ask(certificate), 200).body, '{"active":false}')
    const another = await house.authority.client({ commonName: 'an-api' })
    for (const answer of [
      await ask(another),
      await ask(false),
      await ask(certificate, `${house.issuer}/introspect`),
    ])
      expectRefusal(answer, 401, 'invalid_client')
  })

  it('takes an API by the way it registered and by no other', async () => {
    const certificate = await house.authority.client({ commonName: 'an-api' })
    const url = `${house.config.certificate.url}/introspect`
    const parameters = { client_id: api.clientId }
    expectRefusal(
      await api.introspect(tokens.accessToken, { assertion: false, parameters, certificate, url }),
      401,
      'invalid_client',
    )
    const byCertificate = await resourceServer('https://both.bank.test', certificate)
    expectRefusal(await byCertificate.introspect('x', { url }), 401, 'invalid_client')
  })

  it('needs a client and a token', async () => {
    expectRefusal(await api.introspect('x', { parameters: { token: undefined } }), 400, 'invalid_request')
    expectRefusal(await api.introspect('x', { assertion: false }), 400, 'invalid_request')
    expectRefusal(await api.introspect('x', { parameters: { token: ['a', 'b'] } }), 400, 'invalid_request')
    const basic = { authorization: 'Basic YTpi' }
    expectRefusal(await api.introspect('x', { headers: basic }), 400, 'invalid_request')
  })

  it('gives an API no token of its own', async () => {
    for (const answer of [await api.clientCredentials(), await api.refresh(tokens.refreshToken ?? '')])
      assert.ok([400, 401].includes(answer.status), String(answer.status))
  })
})
