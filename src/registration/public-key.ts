import { createPublicKey } from 'node:crypto'
import type { JsonObject, JsonWebKeySet } from '../domain/third-party.ts'
import { isJsonObject } from './json-guard.ts'

/** The algorithms of FAPI 2.0 Security Profile §5.4.1 that a third party may sign with. */
export type KeyAlgorithm = 'PS256' | 'ES256'

/** A public key of which nothing but known members is left, and the algorithms that it serves. */
export interface PublicKey {
  readonly jwk: JsonObject
  readonly alg: KeyAlgorithm
}

/** Why a key or a set is not taken; the message continues "… a key that …" or "… a set that …". */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused'
}

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']
const MAX_KEYS = 10
/** Bits. The upper bound keeps a verification cheap. */
const RSA_BITS = { least: 2048, most: 8192 }

/** Public halves of RSA 2048 to 8192 or P-256 for signatures. Throws {@link KeyRefused}. */
export function readPublicKey(key: JsonObject): PublicKey {
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member)))
    throw new KeyRefused('holds private members; replace the key, it is no longer a secret')
  const alg = algorithmOf(key)
  if (key.alg !== undefined && key.alg !== alg) throw new KeyRefused(`is for another alg than ${alg}`)
  if (key.use !== undefined && key.use !== 'sig') throw new KeyRefused('is not for signatures (use)')
  if (key.key_ops !== undefined && !(Array.isArray(key.key_ops) && key.key_ops.includes('verify')))
    throw new KeyRefused('is not for verifying (key_ops)')
  if (typeof key.kid !== 'string' || !/^[\x21-\x7e]{1,128}$/.test(key.kid))
    throw new KeyRefused('has no kid of at most 128 printable characters')
  const material = publicMembers(key)
  checkStrength(material)
  return { jwk: { ...material, kid: key.kid, use: 'sig', alg }, alg }
}

/** One to ten keys with distinct names; keys for encryption are left out. Throws {@link KeyRefused}. */
export function readKeySet(set: unknown): JsonWebKeySet {
  if (!isJsonObject(set) || !Array.isArray(set.keys)) throw new KeyRefused('is not a JSON Web Key Set')
  const given: readonly unknown[] = set.keys
  if (given.length > MAX_KEYS) throw new KeyRefused(`has more than ${MAX_KEYS} keys`)
  const keys = given.flatMap((key, index) => readMember(key, index))
  if (keys.length === 0) throw new KeyRefused('has no key for signatures')
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length)
    throw new KeyRefused('has two keys with one kid')
  return { keys }
}

function readMember(key: unknown, index: number): readonly JsonObject[] {
  if (!isJsonObject(key)) throw new KeyRefused(`has no key at position ${index + 1}`)
  try {
    if (key.use === 'enc' && !PRIVATE_MEMBERS.some((member) => Object.hasOwn(key, member))) return []
    return [readPublicKey(key).jwk]
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error
    throw new KeyRefused(`has at position ${index + 1} a key that ${error.message}`)
  }
}

function algorithmOf(key: JsonObject): KeyAlgorithm {
  if (key.kty === 'RSA') return 'PS256'
  if (key.kty === 'EC' && key.crv === 'P-256') return 'ES256'
  throw new KeyRefused('is neither RSA nor EC with P-256')
}

function publicMembers(key: JsonObject): Readonly<Record<string, string>> {
  const names = key.kty === 'RSA' ? ['n', 'e'] : ['x', 'y']
  const members = Object.fromEntries(names.map((name) => [name, key[name]]))
  if (!Object.values(members).every((value) => typeof value === 'string' && /^[\w-]{1,1400}$/.test(value)))
    throw new KeyRefused(`has no base64url ${names.join(' and ')}`)
  // Just checked: every value is a string; kty and crv are those that algorithmOf knows.
  return { kty: key.kty, ...(key.crv !== undefined && { crv: key.crv }), ...members } as Record<
    string,
    string
  >
}

function checkStrength(material: Readonly<Record<string, string>>): void {
  const details = parse(material).asymmetricKeyDetails
  const bits = details?.modulusLength
  if (bits === undefined) return
  if (bits < RSA_BITS.least || bits > RSA_BITS.most)
    throw new KeyRefused(`has ${bits} bits; RSA needs ${RSA_BITS.least} to ${RSA_BITS.most}`)
  // FIPS 186-5 §A.1.1: an odd public exponent above 2^16.
  const exponent = details?.publicExponent ?? 0n
  if (exponent <= 65_536n || exponent % 2n === 0n) throw new KeyRefused('has a public exponent below 65537')
}

function parse(material: Readonly<Record<string, string>>) {
  try {
    return createPublicKey({ key: material, format: 'jwk' })
  } catch (cause) {
    throw new KeyRefused('is not a valid key', { cause })
  }
}
