import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'

const SIGNED = ['PS256', 'ES256']

describe('discovery (RFC 8414, FAPI 2.0 Security Profile §5.3.2.1)', () => {
  let house: House
  let document: JsonObject
  before(async () => {
    house = await openHouse()
    document = (await at('/.well-known/openid-configuration')).json()
  })
  after(() => house.close())

  const at = (path: string) => house.transport.send({ url: `${house.issuer}${path}` })

  it('is the same document at both well-known addresses, and its issuer is where it was found', async () => {
    const other = await at('/.well-known/oauth-authorization-server')
    assert.equal(other.status, 200)
    assert.deepEqual(other.json(), document)
    assert.equal(document.issuer, house.issuer)
  })

  it('names endpoints below the issuer, over https', () => {
    const endpoints = Object.entries(document).filter(([name]) => /_(endpoint|uri)$/.test(name))
    assert.ok(endpoints.length >= 8)
    for (const [name, url] of endpoints) assert.ok(String(url).startsWith(`${house.issuer}/`), name)
  })

  it('lists only what clients may use, whatever the engine could do', () => {
    assert.deepEqual(document.response_types_supported, ['code'])
    assert.deepEqual(document.response_modes_supported, ['query', 'jwt', 'query.jwt'])
    assert.deepEqual(document.grant_types_supported, [
      'authorization_code',
      'refresh_token',
      'client_credentials',
    ])
    assert.deepEqual(document.scopes_supported, ['openid', 'accounts'])
    assert.deepEqual(document.code_challenge_methods_supported, ['S256'])
    assert.deepEqual(document.subject_types_supported, ['pairwise'])
    assert.deepEqual(document.token_endpoint_auth_methods_supported, ['private_key_jwt'])
    assert.deepEqual(document.authorization_details_types_supported, ['account_access'])
    assert.equal(document.require_pushed_authorization_requests, true)
    assert.equal(document.authorization_response_iss_parameter_supported, true)
    assert.equal(document.tls_client_certificate_bound_access_tokens, true)
    assert.equal(document.request_uri_parameter_supported, false)
    assert.notEqual(document.request_parameter_supported, true)
    assert.equal(document.claims_parameter_supported, false)
  })

  it('lists only claims that tokens carry', () => {
    assert.deepEqual([...(document.claims_supported as string[])].sort(), ['auth_time', 'iss', 'sub'])
  })

  it('lists PS256 and ES256 and nothing weaker (FAPI 2.0 Security Profile §5.4.1)', () => {
    const lists = Object.entries(document).filter(([name]) => name.endsWith('_alg_values_supported'))
    assert.ok(lists.length >= 5)
    for (const [name, values] of lists) assert.deepEqual(values, SIGNED, name)
    assert.deepEqual(
      Object.keys(document).filter((name) => name.includes('encryption')),
      [],
    )
  })

  it('names no feature that is not here', () => {
    const absent = Object.keys(document).filter((name) =>
      /device|backchannel|end_session|frontchannel|check_session|challenge_endpoint|attestation/.test(name),
    )
    assert.deepEqual(absent, [])
  })

  it('has aliases for clients with certificates, and each of them answers (RFC 8705 §5)', async () => {
    const aliases = Object.entries(document.mtls_endpoint_aliases as Record<string, string>)
    assert.deepEqual(aliases.map(([name]) => name).sort(), [
      'introspection_endpoint',
      'pushed_authorization_request_endpoint',
      'registration_endpoint',
      'revocation_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
    ])
    for (const [name, url] of aliases) {
      const get = name === 'userinfo_endpoint'
      const answer = await house.transport.send({ url, method: get ? 'GET' : 'POST' })
      assert.ok([400, 401].includes(answer.status), `${name}: ${answer.status}`)
      assert.ok(url.startsWith(house.config.certificate.url), url)
    }
  })

  it('is served where browsers go and not on the certificate listener', async () => {
    const base = house.config.certificate.url
    const pages = ['/', '/login', '/connections', '/assets/postern.css', '/authorize', '/interaction/x/login']
    for (const path of ['/.well-known/openid-configuration', ...pages]) {
      const answer = await house.transport.send({ url: `${base}${path}` })
      assert.equal(answer.status, 404, path)
      assert.equal(answer.json().error, 'not_found')
    }
  })

  it('publishes the public halves of its keys: distinct, strong, each with its kid and alg', async () => {
    const answer = await at('/jwks')
    const keys = answer.json().keys as JsonObject[]
    assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length)
    assert.deepEqual(keys.map(({ alg }) => alg).sort(), ['ES256', 'PS256'])
    for (const jwk of keys) {
      assert.deepEqual(
        Object.keys(jwk).filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name)),
        [],
      )
      assert.equal(jwk.use, 'sig')
      const { asymmetricKeyDetails } = createPublicKey({ key: jwk as never, format: 'jwk' })
      assert.ok((asymmetricKeyDetails?.modulusLength ?? 2048) >= 2048)
    }
  })

  it('may be kept for five minutes and read by any page, as the key set may', async () => {
    const public_ = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/jwks']
    for (const path of public_) {
      const { headers } = await at(path)
      assert.equal(headers['cache-control'], 'public, max-age=300', path)
      assert.equal(headers['access-control-allow-origin'], '*', path)
    }
  })
})
