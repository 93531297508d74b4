import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { JsonObject } from '../../src/domain/third-party.ts'
import {
  certificateRegistered,
  decodeAssertion,
  verifyAssertion,
} from '../../src/provider/client-assertion.ts'
import { type AssertionParts, clientAssertion } from '../support/client-assertion.ts'
import { type KeyPair, makeKeyPair } from '../support/jws.ts'

const issuer = 'https://auth.bank.test'
const clientId = 'resource-server'
const now = new Date('2026-05-01T12:00:00Z')
const seconds = now.getTime() / 1000
const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe('an assertion at our own introspection endpoint (RFC 7523 §3)', () => {
  const keys = new Map<string, KeyPair>()
  before(async () => {
    for (const alg of ['PS256', 'ES256'] as const) keys.set(alg, await makeKeyPair(alg))
  })

  const key = (alg = 'PS256') => keys.get(alg) ?? assert.fail()
  const metadata = (more: JsonObject = {}): JsonObject => ({
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [...keys.values()].map(({ publicJwk }) => publicJwk as JsonObject) },
    ...more,
  })
  const made = (parts: AssertionParts = {}, alg = 'PS256') =>
    clientAssertion({ clientId, issuer, key: key(alg), now }, parts)
  const verified = async (assertion: string, more: JsonObject = {}, at = now) =>
    verifyAssertion(
      decodeAssertion({ client_assertion: assertion, client_assertion_type: TYPE }),
      metadata(more),
      issuer,
      at,
    )

  for (const alg of ['PS256', 'ES256'])
    it(`is taken in ${alg}, with kid and without`, async () => {
      assert.equal((await verified(made({}, alg))).clientId, clientId)
      assert.equal((await verified(made({ header: { kid: undefined } }, alg))).clientId, clientId)
    })

  it('is remembered until it can be taken no more, tolerance included', async () => {
    const { expiresAt } = await verified(made({ claims: { exp: seconds + 100 } }))
    assert.ok(expiresAt.getTime() >= (seconds + 115) * 1000)
    await assert.rejects(
      verified(made({ claims: { exp: seconds + 100 } }), {}, new Date((seconds + 115) * 1000)),
    )
  })

  const refused: Readonly<Record<string, () => AssertionParts>> = {
    'alg none': () => ({ alg: 'none' }),
    RS256: () => ({ alg: 'RS256' }),
    'HS256 with the public key': () => ({
      alg: 'HS256',
      key: Buffer.from(key().publicKey.export({ type: 'spki', format: 'pem' })),
    }),
    'EdDSA in its header': () => ({ header: { alg: 'EdDSA' } }),
    'a key of the other kind': () => ({ alg: 'ES256', key: key('ES256').privateKey }),
    'a kid of no key': () => ({ header: { kid: 'another' } }),
    'a critical header': () => ({ header: { crit: ['exp'] } }),
    'a list as audience': () => ({ claims: { aud: [issuer] } }),
    'the endpoint as audience': () => ({ claims: { aud: `${issuer}/introspect` } }),
    'no expiry': () => ({ claims: { exp: undefined } }),
    'an expiry that is a text': () => ({ claims: { exp: String(seconds + 60) } }),
    'an expiry six minutes ahead': () => ({ claims: { exp: seconds + 361 } }),
    'an expiry in the past': () => ({ claims: { exp: seconds - 16 } }),
    'an iat 70 seconds ahead': () => ({ claims: { iat: seconds + 70 } }),
    'an nbf 20 seconds ahead': () => ({ claims: { nbf: seconds + 20 } }),
    'no jti': () => ({ claims: { jti: undefined } }),
    'a jti that is too long': () => ({ claims: { jti: 'j'.repeat(129) } }),
  }
  for (const [what, parts] of Object.entries(refused))
    it(`is refused with ${what}`, async () => {
      await assert.rejects(verified(made(parts())), { error: 'invalid_client' })
    })

  it('is refused in another algorithm than the client registered', async () => {
    await assert.rejects(verified(made({}, 'ES256'), { token_endpoint_auth_signing_alg: 'PS256' }), {
      error: 'invalid_client',
    })
  })

  it('is refused when iss, sub and client_id are not one', () => {
    const decode = (claims: AssertionParts['claims'], client_id = clientId) =>
      decodeAssertion({
        client_id,
        client_assertion: made({ claims: claims ?? {} }),
        client_assertion_type: TYPE,
      })
    for (const claims of [
      { iss: 'x' },
      { sub: 'x' },
      { sub: undefined },
      { iss: undefined },
      { sub: 7, iss: 7 },
    ])
      assert.throws(() => decode(claims), { error: 'invalid_client' })
    assert.throws(() => decode({}, 'another'), { error: 'invalid_client' })
  })

  it('is refused under another assertion type, or none', () => {
    for (const type of [undefined, '', 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer'])
      assert.throws(
        () =>
          decodeAssertion({
            client_assertion: made(),
            ...(type !== undefined && { client_assertion_type: type }),
          }),
        { error: 'invalid_client' },
      )
  })

  it('is refused when one character of it is another', async () => {
    const good = made()
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...alphabet), async (at, letter) => {
        const changed = `${good.slice(0, at)}${letter}${good.slice(at + 1)}`
        // The last character of each part has bits that base64url does not use.
        fc.pre(changed !== good && /[^.]/.test(good[at] ?? '') && !/[.]|^$/.test(good[at + 1] ?? ''))
        await assert.rejects(verified(changed), { error: 'invalid_client' })
      }),
    )
  })

  it('of any shape is refused as an assertion, and never as a fault of ours', async () => {
    const part = fc.oneof(
      fc.string(),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        await assert.rejects(verified(parts.join('.')), { error: 'invalid_client' })
      }),
      { numRuns: 500 },
    )
    await assert.rejects(verified('x'.repeat(5_000)), { error: 'invalid_client' })
  })
})

describe('a certificate at our own introspection endpoint (RFC 8705 §2.2)', () => {
  const der = Buffer.from('the DER of a certificate')
  const thumbprint = createHash('sha256').update(der).digest('base64url')
  const registered = {
    jwks: { keys: [{ kty: 'EC' }, { kty: 'RSA', x5c: [der.toString('base64'), 'AAAA'] }] },
  }

  it('is the very one that was registered, as the leaf', () => {
    assert.equal(certificateRegistered(registered, thumbprint), true)
    assert.equal(certificateRegistered(registered, 'another'), false)
    const asIssuer = { jwks: { keys: [{ x5c: ['AAAA', der.toString('base64')] }] } }
    assert.equal(certificateRegistered(asIssuer, thumbprint), false)
    for (const metadata of [{}, { jwks: {} }, { jwks: { keys: [{ x5c: 'text' }, { x5c: [7] }] } }])
      assert.equal(certificateRegistered(metadata as JsonObject, thumbprint), false)
  })
})
