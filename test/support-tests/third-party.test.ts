import assert from 'node:assert/strict'
import { AuthorizationRefused, readCallback, requestParameters } from '../support/authorization-request.ts'
import { Browser } from '../support/browser.ts'
import { Customer, refuse } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { makeKeyPair, thumbprint } from '../support/jws.ts'
import { openTestAuthority, type TestAuthority } from '../support/pki.ts'
import { openTestDirectory, type TestDirectory } from '../support/test-directory.ts'
import { type AskedRequest, ThirdParty } from '../support/third-party.ts'
import { type Answer, openTransport, type Transport } from '../support/transport.ts'
import { Unexpected } from '../support/unexpected.ts'
import { type Variant, variants } from '../support/variant.ts'
import { type BareEngine, openBareEngine } from './bare-engine.ts'

const alice = { customerNumber: '1234567890', password: 'secret', totpSecret: 'GEZDGNBVGY3TQOJQ' }

describe('the scripted third party, on the certified engine', () => {
  let authority: TestAuthority
  let directory: TestDirectory
  let engine: BareEngine
  let transport: Transport
  const heard: Answer[] = []

  before(async () => {
    authority = await openTestAuthority()
    directory = await openTestDirectory({ authority })
    engine = await openBareEngine(authority)
    transport = openTransport({ ca: authority.certificate, observe: (answer) => heard.push(answer) })
  })

  after(async () => {
    transport.close()
    await engine.close()
    await directory.close()
  })

  /** The engine by itself understands no statements: keys go into the metadata. */
  async function register(variant: Variant = 'private_key_jwt-dpop', alg: 'PS256' | 'ES256' = 'ES256') {
    const key = await makeKeyPair(alg)
    return ThirdParty.register({
      transport,
      issuer: engine.issuer,
      directory: directory.url,
      variant,
      key,
      metadata: {
        software_statement: undefined,
        jwks: { keys: [key.publicJwk] },
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      },
    })
  }

  async function asked(party: ThirdParty): Promise<AskedRequest> {
    return party.ask([], { parameters: { scope: 'openid accounts' } })
  }

  async function shared(party: ThirdParty) {
    const request = await asked(party)
    const browser = new Browser({ transport })
    const callback = await new Customer(alice).authorise(browser, request.url, { accounts: [0, 'Account 3'] })
    return { request, callback }
  }

  for (const variant of variants)
    for (const alg of ['PS256', 'ES256'] as const)
      it(`walks from registration to revocation by ${variant} with ${alg}`, async () => {
        const party = await register(variant, alg)
        const { request, callback } = await shared(party)
        const tokens = await party.collect(callback, request)
        assert.equal(tokens.subject, 'alice')
        assert.equal((await party.userinfo(tokens.accessToken)).json().sub, 'alice')
        const renewed = await party.renew(tokens.refreshToken ?? '')
        assert.equal((await party.introspect(renewed.accessToken)).json().active, true)
        assert.equal((await party.revoke(renewed.accessToken)).status, 200)
        assert.deepEqual((await party.introspect(renewed.accessToken)).json(), { active: false })
        assert.equal((await party.clientCredentials()).status, 200)
      })

  it('asks once more with a fresh assertion and proof when the server wants its nonce', async () => {
    heard.length = 0
    const party = await register()
    await asked(party)
    const pushes = heard.filter((answer) => answer.url.endsWith('/request'))
    assert.deepEqual(
      pushes.map((answer) => answer.status),
      [400, 201],
    )
    await asked(party)
    assert.equal(heard.filter((answer) => answer.url.endsWith('/request')).length, 3)
  })

  it('sends a given assertion as it is: the second time it is refused', async () => {
    const party = await register()
    await asked(party)
    const assertion = party.caller.assertion()
    const request = await asked(party)
    const parameters = requestParameters(party.clientId, request, [])
    assert.equal((await party.push(parameters, { assertion })).status, 201)
    const again = await party.push(parameters, { assertion })
    assert.deepEqual([again.status, errorOf(again)], [401, 'invalid_client'])
  })

  it('sends a given proof as it is: the second time it is refused', async () => {
    const party = await register()
    const { request, callback } = await shared(party)
    const { accessToken } = await party.collect(callback, request)
    const url = party.endpoint('userinfo_endpoint')
    await party.userinfo(accessToken)
    const proof = party.caller.proof({ server: 'authority', method: 'GET', url, accessToken })
    assert.equal((await party.userinfo(accessToken, { proof })).status, 200)
    assert.equal((await party.userinfo(accessToken, { proof })).status, 401)
  })

  it('can lie: wrong audience, foreign key, unsigned, no proof, two proofs, wrong scheme', async () => {
    const party = await register()
    const { request, callback } = await shared(party)
    const { accessToken } = await party.collect(callback, request)
    const parameters = requestParameters(party.clientId, request, [])
    const other = await makeKeyPair('ES256')
    for (const assertion of [
      { claims: { aud: [engine.issuer] } },
      { claims: { sub: undefined } },
      { key: other.privateKey },
      { alg: 'none' },
      { alg: 'HS256', key: Buffer.from('secret') },
    ] as const)
      assert.equal((await party.push(parameters, { assertion })).status, 401)
    for (const proof of [
      { claims: { ath: undefined } },
      { claims: { htm: 'POST' } },
      { key: other },
      { signedBy: other.privateKey },
      { header: { typ: 'jwt' } },
    ] as const)
      assert.equal((await party.userinfo(accessToken, { proof })).status, 401)
    assert.notEqual((await party.userinfo(accessToken, { proof: false })).status, 200)
    assert.notEqual((await party.userinfo(accessToken, { scheme: 'Bearer' })).status, 200)
    const url = party.endpoint('userinfo_endpoint')
    const two = [0, 1].map(() => party.caller.proof({ server: 'authority', method: 'GET', url, accessToken }))
    assert.notEqual((await party.userinfo(accessToken, { proof: two })).status, 200)
  })

  it('names its key at PAR, and is refused when the proof is of another', async () => {
    const party = await register()
    const { publicJwk } = party.facts.dpopKey
    const jkt = (value: string) => party.ask([], { parameters: { dpop_jkt: value } })
    assert.ok((await jkt(thumbprint(publicJwk))).requestUri)
    await assert.rejects(jkt(thumbprint((await makeKeyPair('ES256')).publicJwk)), Unexpected)
  })

  it('presents another certificate, or none, and is refused', async () => {
    const party = await register('private_key_jwt-mtls')
    const { request, callback } = await shared(party)
    const { accessToken } = await party.collect(callback, request)
    const certificate = await authority.client({ commonName: 'thief' })
    assert.equal((await party.userinfo(accessToken)).status, 200)
    assert.equal((await party.userinfo(accessToken, { certificate })).status, 401)
    assert.equal((await party.userinfo(accessToken, { certificate: false })).status, 401)
  })

  it('connects to another address while naming the host of the endpoint', async () => {
    const { port } = new URL(engine.issuer)
    const party = await register()
    const { request } = await shared(party)
    const parameters = requestParameters(party.clientId, request, [])
    const via = `https://127.0.0.1:${port}`
    assert.equal((await party.push(parameters, { via })).status, 201)
  })

  it('takes no code from a callback of another issuer or state, and names a refusal', async () => {
    const party = await register()
    const { request, callback } = await shared(party)
    const tampered = (name: string, value: string) => {
      const url = new URL(callback)
      url.searchParams.set(name, value)
      return url.href
    }
    assert.throws(
      () => readCallback(tampered('iss', 'https://evil.test'), request, engine.issuer),
      Unexpected,
    )
    assert.throws(() => readCallback(tampered('state', 'x'), request, engine.issuer), Unexpected)
    assert.throws(() => readCallback(`${callback}&code=2`, request, engine.issuer), /code once/)
    const second = await asked(party)
    const browser = new Browser({ transport })
    const page = await new Customer(alice).arrive(browser, second.url)
    const refused = await refuse(browser, page)
    assert.throws(
      () => readCallback(refused, second, engine.issuer),
      (fault) => fault instanceof AuthorizationRefused && fault.error === 'access_denied',
    )
  })

  it('refuses an id_token for another nonce', async () => {
    const party = await register()
    const { request, callback } = await shared(party)
    await assert.rejects(party.collect(callback, { ...request, nonce: 'other' }), /nonce/)
  })
})
