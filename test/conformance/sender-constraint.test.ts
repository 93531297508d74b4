import assert from 'node:assert/strict'
import type { ProofParts } from '../support/dpop-proof.ts'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'
import { agreed, identityFor, tokensFor } from './agreed.ts'

describe('tokens for holders of a DPoP key alone (RFC 9449, FAPI 2.0 Security Profile §5.3.2.1 items 4 and 5)', () => {
  let house: House
  let acme: ThirdParty
  let asked: AskedRequest
  let code: string
  before(async () => {
    house = await openHouse()
    acme = await house.register()
    ;({ asked, code } = await agreed(house, await acme.ask()))
  })
  after(() => house.close())

  const now = () => Math.floor(Date.now() / 1000)
  const url = () => acme.endpoint('token_endpoint')

  const refused: Readonly<Record<string, () => ProofParts>> = {
    'without typ': () => ({ header: { typ: undefined } }),
    'of typ JWT': () => ({ header: { typ: 'JWT' } }),
    'without jwk': () => ({ header: { jwk: undefined } }),
    'without jti': () => ({ claims: { jti: undefined } }),
    'without htm': () => ({ claims: { htm: undefined } }),
    'without htu': () => ({ claims: { htu: undefined } }),
    'for GET': () => ({ claims: { htm: 'GET' } }),
    'for another address': () => ({ claims: { htu: `${house.issuer}/par` } }),
    'for another host': () => ({ claims: { htu: 'https://elsewhere.test/token' } }),
    'for the host of the certificate listener': () => ({
      claims: { htu: `${house.config.certificate.url}/token` },
    }),
    'of alg none': () => ({ alg: 'none' }),
    'of alg HS256': () => ({ alg: 'HS256', signedBy: Buffer.from('secret') }),
    'with the private key in its header': () => ({
      header: { jwk: acme.facts.dpopKey.privateKey.export({ format: 'jwk' }) as never },
    }),
    'with an old nonce': () => ({ claims: { nonce: 'an-old-one', iat: now() } }),
    'without nonce': () => ({ claims: { nonce: undefined } }),
    'with an iat an hour ahead and no nonce': () => ({ claims: { nonce: undefined, iat: now() + 3600 } }),
  }
  for (const [how, parts] of Object.entries(refused))
    it(`refuses a proof ${how}`, async () => {
      const answer = await acme.exchange(code, asked, { proof: parts() })
      assert.equal(answer.status, 400)
      assert.ok(
        ['invalid_dpop_proof', 'use_dpop_nonce'].includes(String(answer.json().error)),
        String(answer.json().error),
      )
    })

  it('refuses a proof signed by another key than its header names', async () => {
    const { privateKey } = await makeKeyPair('ES256')
    expectRefusal(
      await acme.exchange(code, asked, { proof: { signedBy: privateKey } }),
      400,
      'invalid_dpop_proof',
    )
  })

  it('refuses two proofs, none, and something that is no JWT', async () => {
    const two = [1, 2].map(() => acme.caller.proof({ server: 'authority', method: 'POST', url: url() }))
    for (const proof of [two, 'x', 'a.b.c', '.'.repeat(3)])
      assert.equal((await acme.exchange(code, asked, { proof })).status, 400)
    expectRefusal(await acme.exchange(code, asked, { proof: false }), 400, 'invalid_grant', 'invalid_request')
  })

  it('refuses a proof in EdDSA or RS256, which discovery does not name', async () => {
    const key = await makeKeyPair('EdDSA')
    expectRefusal(await acme.exchange(code, asked, { proof: { key } }), 400, 'invalid_dpop_proof')
    const rsa = await makeKeyPair('PS256')
    expectRefusal(
      await acme.exchange(code, asked, { proof: { key: rsa, alg: 'RS256' } }),
      400,
      'invalid_dpop_proof',
    )
  })

  it('asks for a nonce with the nonce to use (RFC 9449 §8)', async () => {
    const answer = await acme.exchange(code, asked, { proof: { claims: { nonce: undefined } } })
    expectRefusal(answer, 400, 'use_dpop_nonce')
    assert.match(String(answer.headers['dpop-nonce']), /^[A-Za-z0-9_-]{22,}$/)
  })

  it('takes a proof with claims and headers it does not know, after all of these refusals', async () => {
    const proof = { claims: { nbf: now() - 5, exp: now() + 60, more: 'x' }, header: { more: 'y' } }
    expectStatus(await acme.exchange(code, asked, { proof }), 200)
  })

  it('takes a proof once', async () => {
    const tokens = await tokensFor(house, acme)
    const proof = acme.caller.proof({ server: 'authority', method: 'POST', url: url() })
    expectStatus(await acme.refresh(tokens.refreshToken ?? '', { proof }), 200)
    expectRefusal(
      await acme.refresh(tokens.refreshToken ?? '', { proof }),
      400,
      'invalid_grant',
      'invalid_dpop_proof',
    )
  })

  it('refuses the token as a mere bearer at userinfo, with and without a proof', async () => {
    const { accessToken } = await identityFor(house, acme)
    expectStatus(await acme.userinfo(accessToken), 200)
    for (const options of [
      { scheme: 'Bearer', proof: false },
      { scheme: 'Bearer' },
      { proof: false },
    ] as const)
      assert.ok([400, 401].includes((await acme.userinfo(accessToken, options)).status))
  })
})

describe('tokens for holders of a certificate alone (RFC 8705)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ variant: 'private_key_jwt-mtls' })
  })
  after(() => house.close())

  it('are issued over the alias, and are of type Bearer', async () => {
    const tokens = await tokensFor(house, acme)
    assert.equal(tokens.tokenType, 'Bearer')
    const body = await acme.read('/accounts', tokens.accessToken)
    assert.equal((body.accounts as unknown[]).length, 3)
  })

  it('are not issued without one', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    const bare = acme.with({ transport: house.transport })
    const answer = await bare.exchange(code, asked, { certificate: false })
    expectRefusal(answer, 400, 'invalid_grant', 'invalid_request')
    const atBrowserHost = await bare.exchange(code, asked, { url: `${house.issuer}/token` })
    expectRefusal(atBrowserHost, 400, 'invalid_grant', 'invalid_request')
    expectStatus(await acme.exchange(code, asked), 200)
  })

  it("do not open userinfo or data for another party's certificate (threats B6)", async () => {
    const [data, identity] = [await tokensFor(house, acme), await identityFor(house, acme)]
    expectStatus(await acme.userinfo(identity.accessToken), 200)
    const thief = await house.authority.client({ commonName: 'shady-ledger' })
    for (const certificate of [thief, false] as const) {
      assert.equal((await acme.resource('/accounts', data.accessToken, { certificate })).status, 401)
      assert.equal((await acme.userinfo(identity.accessToken, { certificate })).status, 401)
    }
  })

  it('are not issued for a certificate that only a header claims', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    const pem = encodeURIComponent(acme.facts.certificate?.certificate ?? '')
    for (const name of [
      'client-cert',
      'x-forwarded-client-cert',
      'x-ssl-client-cert',
      'x-amzn-mtls-clientcert',
    ]) {
      const answer = await acme.exchange(code, asked, { certificate: false, headers: { [name]: pem } })
      assert.equal(answer.status, 400, name)
    }
  })
})

describe('a client chooses exactly one sender constraint', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  for (const [what, both] of [
    ['both', true],
    ['neither', false],
  ] as const)
    it(`and is not registered with ${what}: its tokens would be mere bearers`, async () => {
      const metadata = { dpop_bound_access_tokens: both, tls_client_certificate_bound_access_tokens: both }
      await assert.rejects(house.register({ metadata }), /invalid_client_metadata/)
      assert.deepEqual(await house.sql('select 1 from third_party'), [])
    })
})
