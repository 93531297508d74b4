import {
  constants,
  createHash,
  createHmac,
  generateKeyPair,
  type JsonWebKey,
  type KeyObject,
  sign,
} from 'node:crypto'
import { promisify } from 'node:util'
import type { JsonObject } from './json.ts'

/** What a header may say; the last ones only ever appear in attacks. */
export type Algorithm = 'PS256' | 'ES256' | 'EdDSA' | 'RS256' | 'HS256' | 'none'
export type HonestAlgorithm = 'PS256' | 'ES256' | 'EdDSA'

/** A key pair for one algorithm; `kid` is its RFC 7638 thumbprint. */
export interface KeyPair {
  readonly alg: HonestAlgorithm
  readonly kid: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Public members only, with kid, alg and use. */
  readonly publicJwk: JsonObject
}

const generate = promisify(generateKeyPair)

/** A fresh key pair: RSA with 2048 bits (or as asked), P-256 or Ed25519. */
export async function makeKeyPair(alg: HonestAlgorithm, modulusLength = 2048): Promise<KeyPair> {
  const { privateKey, publicKey } = await generatedFor(alg, modulusLength)
  const bare = publicMembers(publicKey)
  const kid = thumbprint(bare)
  return { alg, kid, privateKey, publicKey, publicJwk: { ...bare, kid, alg, use: 'sig' } }
}

function generatedFor(alg: HonestAlgorithm, modulusLength: number) {
  if (alg === 'PS256') return generate('rsa', { modulusLength })
  if (alg === 'ES256') return generate('ec', { namedCurve: 'P-256' })
  return generate('ed25519')
}

/** The public JWK with the members of RFC 7638 §3.2 and no others. */
export function publicMembers(key: KeyObject): JsonObject {
  const { kty, crv, e, n, x, y }: JsonWebKey = key.export({ format: 'jwk' })
  const members = Object.entries({ crv, e, kty, n, x, y })
  return Object.fromEntries(members.filter((member): member is [string, string] => member[1] !== undefined))
}

/** RFC 7638 §3: SHA-256 over the required members in lexicographic order. */
export function thumbprint({ crv, e, kty, n, x, y }: JsonObject): string {
  const members = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x }
  return sha256(JSON.stringify(members))
}

/** SHA-256 in base64url, as `ath`, `jkt`, PKCE challenges and `x5t#S256` are written. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('base64url')
}

/** A compact JWS (RFC 7515 §7.1) signed as its header says, even where no honest party would. */
export function signJws(header: JsonObject, claims: JsonObject, key: KeyObject | Buffer): string {
  const input = `${encoded(header)}.${encoded(claims)}`
  return `${input}.${signature(header.alg, Buffer.from(input), key).toString('base64url')}`
}

function encoded(part: JsonObject): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}

function signature(alg: JsonObject[string] | undefined, input: Buffer, key: KeyObject | Buffer): Buffer {
  if (alg === 'none') return Buffer.alloc(0)
  if (Buffer.isBuffer(key)) return createHmac('sha256', key).update(input).digest()
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  if (alg === 'PS256') return sign('sha256', input, { key, ...pss })
  if (alg === 'ES256') return sign('sha256', input, { key, dsaEncoding: 'ieee-p1363' })
  if (alg === 'EdDSA') return sign(null, input, key)
  return sign('sha256', input, key)
}
