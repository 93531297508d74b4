import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import {
  BASE,
  call,
  type House,
  NOW,
  openHouse,
  openProver,
  type ProofOptions,
  type Reply,
} from './harness.ts'

const seconds = (date: Date) => Math.floor(date.getTime() / 1000)

describe('a DPoP proof at the gateway (RFC 9449 §4.3, FAPI conformance §4.9)', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())
  beforeEach(() => {
    house.now = NOW
  })

  async function show(token: string, proof: string | undefined, scheme = 'DPoP'): Promise<Reply> {
    return call(house.port, '/open-banking/accounts', [
      ['authorization', `${scheme} ${token}`],
      ...(proof === undefined ? [] : ([['dpop', proof]] as const)),
    ])
  }

  async function showWith(changes: Omit<ProofOptions, 'token'>): Promise<Reply> {
    const token = house.issue()
    return show(token, await house.prover.proof({ token, ...changes }))
  }

  const wrong: readonly (readonly [string, Omit<ProofOptions, 'token'>])[] = [
    ['no typ', { header: { typ: undefined } }],
    ['typ JWT', { header: { typ: 'JWT' } }],
    ['no jwk', { header: { jwk: undefined } }],
    ['jwk that is no object', { header: { jwk: 'AQAB' } }],
    ['a critical header nobody knows', { header: { crit: ['x'], x: 1 } }],
    ['no jti', { claims: { jti: undefined } }],
    ['an empty jti', { claims: { jti: '' } }],
    ['a jti of 129 characters', { claims: { jti: 'j'.repeat(129) } }],
    ['a jti that is a number', { claims: { jti: 7 } }],
    ['no htm', { claims: { htm: undefined } }],
    ['htm POST', { claims: { htm: 'POST' } }],
    ['htm get', { claims: { htm: 'get' } }],
    ['no htu', { claims: { htu: undefined } }],
    ['htu of another host', { claims: { htu: 'https://api.evil.test/open-banking/accounts' } }],
    ['htu of another port', { claims: { htu: 'https://api.meridian.test:8443/open-banking/accounts' } }],
    ['htu of another scheme', { claims: { htu: 'http://api.meridian.test/open-banking/accounts' } }],
    ['htu of another path', { claims: { htu: `${BASE}/accounts/A-one` } }],
    ['htu with a slash more', { claims: { htu: `${BASE}/accounts/` } }],
    ['htu with other letters in the path', { claims: { htu: `${BASE}/Accounts` } }],
    ['htu with an escape', { claims: { htu: `${BASE}/%61ccounts` } }],
    ['htu with a user', { claims: { htu: 'https://api.meridian.test@evil.test/open-banking/accounts' } }],
    ['htu that is no URL', { claims: { htu: '/open-banking/accounts' } }],
    ['no iat', { claims: { iat: undefined } }],
    ['iat as a string', { claims: { iat: String(seconds(NOW)) } }],
    ['iat an hour ago', { claims: { iat: seconds(NOW) - 3600 } }],
    ['iat in an hour', { claims: { iat: seconds(NOW) + 3600 } }],
    ['iat 61 seconds ago', { claims: { iat: seconds(NOW) - 61 } }],
    ['iat in 61 seconds', { claims: { iat: seconds(NOW) + 61 } }],
    ['no ath', { claims: { ath: undefined } }],
    ['ath of another token', { claims: { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' } }],
    ['a nonce that is a number', { claims: { nonce: 7 } }],
    ['an exp long past', { claims: { exp: seconds(NOW) - 3600 } }],
    ['a body over 8 kB', { claims: { padding: 'p'.repeat(9000) } }],
  ]
  for (const [name, changes] of wrong)
    it(`refuses ${name}`, async () => {
      const spent = house.spent.size
      const reply = await showWith(changes)
      assert.equal(reply.status, 401)
      assert.equal(reply.json.error, 'invalid_dpop_proof')
      assert.match(
        String(reply.headers['www-authenticate']),
        /^DPoP error="invalid_dpop_proof", error_description="/,
      )
      assert.equal(house.spent.size, spent, 'a refused proof is not spent')
    })

  const right: readonly (readonly [string, Omit<ProofOptions, 'token'>])[] = [
    ['htu with query and fragment', { claims: { htu: `${BASE}/accounts?page=2#top` } }],
    [
      'htu in capitals with the default port',
      { claims: { htu: 'HTTPS://API.MERIDIAN.TEST:443/open-banking/accounts' } },
    ],
    ['claims and header members nobody asked for', { claims: { hello: 'x' }, header: { kid: 'k1' } }],
    ['nbf and exp', { claims: { nbf: seconds(NOW), exp: seconds(NOW) + 300 } }],
    ['iat ten seconds ago', { claims: { iat: seconds(NOW) - 10 } }],
    ['iat ten seconds ahead', { claims: { iat: seconds(NOW) + 10 } }],
    ['a jti of 128 characters', { claims: { jti: 'k'.repeat(128) } }],
  ]
  for (const [name, changes] of right)
    it(`takes ${name}`, async () => {
      assert.equal((await showWith(changes)).status, 200)
    })

  it('takes any case of scheme and header name', async () => {
    for (const scheme of ['dpop', 'DPOP', 'dPoP']) {
      const token = house.issue()
      const proof = await house.prover.proof({ token })
      const reply = await call(house.port, '/open-banking/accounts', [
        ['AUTHORIZATION', `${scheme} ${token}`],
        ['DPOP', proof],
      ])
      assert.equal(reply.status, 200)
    }
  })

  for (const alg of ['PS256'])
    it(`takes ${alg}`, async () => {
      const { token, proof } = await signedWith(alg)
      assert.equal((await show(token, proof)).status, 200)
    })

  for (const alg of ['RS256', 'ES384', 'ES512', 'PS512'])
    it(`refuses ${alg}`, async () => {
      const { token, proof } = await signedWith(alg)
      const reply = await show(token, proof)
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_dpop_proof'])
    })

  async function signedWith(alg: string): Promise<{ token: string; proof: string }> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    const jwk = await exportJWK(publicKey)
    const { calculateJwkThumbprint } = await import('jose')
    const token = house.issue({ confirmation: { jkt: await calculateJwkThumbprint(jwk) } })
    const claims = decode((await house.prover.proof({ token })).split('.')[1])
    const proof = await new SignJWT(claims).setProtectedHeader({ alg, typ: 'dpop+jwt', jwk }).sign(privateKey)
    return { token, proof }
  }

  it('refuses alg none, HS256 by the public key, a private key in the header and a wrong signature', async () => {
    const token = house.issue()
    const good = await house.prover.proof({ token })
    const [header = '', payload = '', signature = ''] = good.split('.')
    const { jwk } = decode(header) as { jwk: object }
    const none = new UnsecuredJWT(decode(payload)).encode()
    const secret = new TextEncoder().encode(JSON.stringify(jwk).padEnd(64))
    const symmetric = await new SignJWT(decode(payload))
      .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk })
      .sign(secret)
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const withPrivate = await new SignJWT(decode(payload))
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(privateKey) })
      .sign(privateKey)
    const otherPayload = Buffer.from(JSON.stringify({ ...decode(payload), jti: randomUUID() })).toString(
      'base64url',
    )
    for (const proof of [
      none,
      symmetric,
      withPrivate,
      `${header}.${otherPayload}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      'not a jwt',
      '..',
      'e30.e30.e30',
      `${good}, ${good}`,
    ]) {
      const reply = await show(token, proof)
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_dpop_proof'], proof)
    }
    assert.equal((await show(token, good)).status, 200, 'the token and the proof were good all along')
  })

  it('refuses two DPoP headers, and no proof with the DPoP scheme', async () => {
    const token = house.issue()
    const proofs = [await house.prover.proof({ token }), await house.prover.proof({ token })]
    const two = await call(house.port, '/open-banking/accounts', [
      ['authorization', `DPoP ${token}`],
      ...proofs.map((proof) => ['dpop', proof] as const),
    ])
    assert.deepEqual([two.status, two.json.error], [401, 'invalid_dpop_proof'])
    const none = await show(token, undefined)
    assert.deepEqual([none.status, none.json.error], [401, 'invalid_dpop_proof'])
  })

  it('refuses a DPoP-bound token as Bearer, with and without its proof', async () => {
    const token = house.issue()
    const proof = await house.prover.proof({ token })
    for (const reply of [await show(token, undefined, 'Bearer'), await show(token, proof, 'Bearer')])
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_token'])
    assert.equal((await show(token, proof)).status, 200)
  })

  it("refuses a stolen token with the thief's own key", async () => {
    const thief = await openProver(
      () => house.nonce,
      () => house.now,
    )
    const token = house.issue()
    const reply = await show(token, await thief.proof({ token }))
    assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_token'])
  })

  it('takes a proof once, however many ask at once', async () => {
    for (let round = 0; round < 5; round++) {
      const token = house.issue()
      const proof = await house.prover.proof({ token })
      const replies = await Promise.all(Array.from({ length: 20 }, () => show(token, proof)))
      assert.equal(replies.filter(({ status }) => status === 200).length, 1)
      assert.equal(replies.filter(({ json }) => json.error === 'invalid_dpop_proof').length, 19)
    }
  })

  it('remembers a spent proof for longer than it could be shown again', async () => {
    const before = new Set(house.spent.keys())
    await showWith({ claims: { iat: seconds(NOW) + 50 } })
    const [forgottenAt] = [...house.spent].filter(([key]) => !before.has(key)).map(([, at]) => at)
    assert.ok(forgottenAt !== undefined && forgottenAt.getTime() >= NOW.getTime() + (50 + 60 + 60) * 1000)
  })

  it('asks for a nonce with the nonce to use, and the retry succeeds', async () => {
    const token = house.issue()
    for (const nonce of [undefined, 'invented', '', `${house.nonce}x`]) {
      const asked = await show(token, await house.prover.proof({ token, claims: { nonce } }))
      assert.deepEqual([asked.status, asked.json.error], [401, 'use_dpop_nonce'])
      assert.match(String(asked.headers['www-authenticate']), /^DPoP error="use_dpop_nonce"/)
      const fresh = asked.headers['dpop-nonce']
      assert.equal(
        (await show(token, await house.prover.proof({ token, claims: { nonce: fresh } }))).status,
        200,
      )
    }
  })

  it('takes a nonce for two to three minutes, hands out the next one early, and then asks anew', async () => {
    const token = house.issue({ expiresAt: new Date('2026-06-15T13:00:00Z') })
    const at = async (seconds: number) => {
      house.now = new Date(NOW.getTime() + seconds * 1000)
      return show(token, await house.prover.proof({ token }))
    }
    assert.equal((await at(0)).headers['dpop-nonce'], undefined)
    const later = await at(119)
    assert.equal(later.status, 200)
    assert.match(String(later.headers['dpop-nonce']), /^[A-Za-z0-9_-]{43}$/)
    assert.notEqual(later.headers['dpop-nonce'], house.nonce)
    assert.equal((await at(179)).status, 200)
    assert.equal((await at(180)).json.error, 'use_dpop_nonce')
  })

  describe('bound to a certificate instead', () => {
    const thumbprint = 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'
    afterEach(() => {
      house.certificateThumbprint = undefined
    })

    it('opens for that certificate, in any case of Bearer, and for no other', async () => {
      const token = house.issue({ confirmation: { 'x5t#S256': thumbprint } })
      house.certificateThumbprint = thumbprint
      for (const scheme of ['Bearer', 'bearer', 'BEARER'])
        assert.equal((await show(token, undefined, scheme)).status, 200)
      for (const other of [undefined, '', thumbprint.toUpperCase(), 'AAAA']) {
        house.certificateThumbprint = other
        const reply = await show(token, undefined, 'Bearer')
        assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_token'])
      }
    })

    it('does not open for a DPoP proof', async () => {
      house.certificateThumbprint = thumbprint
      const token = house.issue({ confirmation: { 'x5t#S256': thumbprint } })
      const reply = await show(token, await house.prover.proof({ token }))
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_token'])
    })
  })
})

/** A part of a JWT that this test made itself. */
function decode(part = ''): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
}
