import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import type { JsonObject } from '../../src/domain/third-party.ts'
import { KeyRefused, readKeySet, readPublicKey } from '../../src/registration/public-key.ts'
import { makeKeyPair } from '../support/jws.ts'

const refused = (pattern: RegExp) => (error: unknown) =>
  error instanceof KeyRefused && pattern.test(error.message)

describe("a third party's key", () => {
  let rsa: JsonObject
  let ec: JsonObject
  let ed: JsonObject

  before(async () => {
    const pairs = await Promise.all([makeKeyPair('PS256'), makeKeyPair('ES256'), makeKeyPair('EdDSA')])
    ;[rsa, ec, ed] = pairs.map(({ publicJwk }) => publicJwk as JsonObject) as [
      JsonObject,
      JsonObject,
      JsonObject,
    ]
  })

  it('is taken when it is RSA with 2048 bits or P-256, and serves one algorithm; any other kind is refused', () => {
    assert.deepEqual(
      [rsa, ec].map((key) => readPublicKey(key).alg),
      ['PS256', 'ES256'],
    )
    assert.throws(() => readPublicKey(ed), refused(/neither RSA nor EC/))
  })

  it('keeps its known members and no others', () => {
    const { jwk } = readPublicKey({
      ...ec,
      x5c: ['a'],
      x5u: 'https://evil.example',
      jku: 'x',
      constructor: 'x',
      key_ops: ['verify'],
    })
    assert.deepEqual(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  })

  it('is refused with private members, even inside of a key for encryption', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const jwk = privateKey.export({ format: 'jwk' }) as JsonObject
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi'])
      assert.throws(
        () => readPublicKey({ ...rsa, [member]: jwk[member] ?? '' }),
        refused(/private members/),
        member,
      )
    assert.throws(() => readPublicKey({ ...ec, d: '' }), refused(/private members/))
    assert.throws(
      () => readKeySet({ keys: [rsa, { ...jwk, use: 'enc', kid: 'e' }] }),
      refused(/position 2.*private members/),
    )
  })

  it('is refused when it is weak', () => {
    const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' })
    assert.throws(() => readPublicKey({ ...weak, kid: 'weak' } as JsonObject), refused(/has 1024 bits/))
    const exponent3 = generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 }).publicKey.export(
      { format: 'jwk' },
    )
    assert.throws(() => readPublicKey({ ...exponent3, kid: 'three' } as JsonObject), refused(/exponent/))
    assert.throws(() => readPublicKey({ ...rsa, e: 'AQ' }), KeyRefused)
  })

  it('is refused when it is for something else', () => {
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' })
    assert.throws(() => readPublicKey({ ...p384, kid: 'k' } as JsonObject), refused(/neither RSA/))
    assert.throws(() => readPublicKey({ kty: 'oct', k: 'AAAA', kid: 'k' }), refused(/private members/))
    assert.throws(() => readPublicKey({ ...rsa, alg: 'RS256' }), refused(/another alg than PS256/))
    assert.throws(() => readPublicKey({ ...rsa, use: 'enc' }), refused(/use/))
    assert.throws(() => readPublicKey({ ...rsa, key_ops: ['encrypt'] }), refused(/key_ops/))
  })

  it('is refused when its point is not on the curve or its members are no base64url', () => {
    assert.throws(() => readPublicKey({ ...ec, x: ec.y ?? '' }), refused(/not a valid key/))
    for (const x of ['', 'a b', 'a=', 1, null, ['a'], 'A'.repeat(2000)])
      assert.throws(() => readPublicKey({ ...ec, x } as JsonObject), KeyRefused, String(x))
  })

  it('is refused without a name', () => {
    for (const kid of [undefined, '', ' ', 'a\n', 'é', 'a'.repeat(129), 1])
      assert.throws(() => readPublicKey({ ...rsa, kid } as JsonObject), refused(/kid/))
  })

  it('leaves out keys for encryption, and refuses a set without others', () => {
    assert.equal(readKeySet({ keys: [rsa, { ...ec, use: 'enc' }] }).keys.length, 1)
    assert.throws(() => readKeySet({ keys: [{ ...ec, use: 'enc' }] }), refused(/no key for signatures/))
    assert.throws(() => readKeySet({ keys: [] }), refused(/no key for signatures/))
  })

  it('is refused in a set with two of its name, or with more than ten keys', () => {
    assert.throws(
      () => readKeySet({ keys: [rsa, { ...ec, kid: rsa.kid ?? '' }] }),
      refused(/two keys with one kid/),
    )
    const eleven = Array.from({ length: 11 }, (_, i) => ({ ...ec, kid: `k${i}` }))
    assert.throws(() => readKeySet({ keys: eleven }), refused(/more than 10/))
    assert.equal(readKeySet({ keys: eleven.slice(1) }).keys.length, 10)
  })

  it('is refused in anything that is not a set', () => {
    for (const set of [
      undefined,
      null,
      [],
      'x',
      {},
      { keys: {} },
      { keys: [null] },
      { keys: ['x'] },
      { keys: [[]] },
    ])
      assert.throws(() => readKeySet(set), KeyRefused)
  })
})
