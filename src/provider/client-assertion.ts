import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { errors } from 'oidc-provider'
import type { JsonObject } from '../domain/third-party.ts'

/** How far ahead of us another clock may be, in seconds (FAPI 2.0 Security Profile §5.3.2.1 item 13: reject > 60). */
const MAX_AHEAD = 60
/** No assertion lives longer than this from now: the memory of used ones stays small. Seconds. */
const MAX_LIFE = 300
const MAX_JTI = 128

/**
 * The claims that the engine does not check: audience exactly the issuer, as a string (FAPI 2.0 Security Profile
 * §5.3.2.1 item 8), `iat` and `nbf` not from the future, a short life, a `jti` of reasonable length. Throws
 * `invalid_client`.
 */
export function assertClientAssertion(claims: JsonObject | object, issuer: string, now: Date): void {
  const { aud, exp, iat, nbf, jti } = claims as JsonObject
  const seconds = now.getTime() / 1000
  if (aud !== issuer) throw refused('aud must be the issuer identifier, as a string')
  if (typeof exp !== 'number' || exp > seconds + MAX_LIFE)
    throw refused(`exp must be a number at most ${MAX_LIFE} seconds ahead`)
  for (const moment of [iat, nbf]) {
    if (moment !== undefined && (typeof moment !== 'number' || moment > seconds + MAX_AHEAD))
      throw refused(`iat and nbf must not be more than ${MAX_AHEAD} seconds ahead`)
  }
  if (typeof jti !== 'string' || jti === '' || jti.length > MAX_JTI)
    throw refused(`jti must be a text of at most ${MAX_JTI} characters`)
}

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const TOLERANCE = 15

/** What an endpoint of our own was sent to prove who asks. */
export interface PresentedAssertion {
  readonly client_id?: string
  readonly client_assertion?: string
  readonly client_assertion_type?: string
}

/** RFC 7523 §2.2: a verified assertion, not yet spent. */
export interface VerifiedAssertion {
  readonly clientId: string
  readonly jti: string
  readonly expiresAt: Date
}

interface DecodedAssertion {
  readonly header: JsonObject
  readonly claims: JsonObject
  readonly signed: Buffer
  readonly signature: Buffer
}

/** Who an assertion says it is from; verified by {@link verifyAssertion} with that client's keys afterwards. */
export function decodeAssertion(
  presented: PresentedAssertion,
): DecodedAssertion & { readonly clientId: string } {
  if (presented.client_assertion_type !== ASSERTION || presented.client_assertion === undefined)
    throw refused('client_assertion_type must be jwt-bearer')
  const decoded = decode(presented.client_assertion)
  const { sub, iss } = decoded.claims
  if (typeof sub !== 'string' || iss !== sub) throw refused('iss and sub must be the client_id')
  if (presented.client_id !== undefined && presented.client_id !== sub) throw refused('client_id mismatch')
  return { ...decoded, clientId: sub }
}

/** Checks signature and claims against the client's registered keys. Throws `invalid_client`. */
export async function verifyAssertion(
  decoded: DecodedAssertion & { readonly clientId: string },
  metadata: JsonObject,
  issuer: string,
  now: Date,
): Promise<VerifiedAssertion> {
  const { header, claims } = decoded
  const { alg, kid } = header
  const allowed = metadata.token_endpoint_auth_signing_alg
  if ((alg !== 'PS256' && alg !== 'ES256') || (allowed !== undefined && allowed !== alg))
    throw refused('alg mismatch')
  if (header.crit !== undefined) throw refused('crit is not understood')
  const candidates = keysOf(metadata).filter(
    (key) => key.alg === alg && (kid === undefined || key.kid === kid),
  )
  const verdicts = await Promise.all(candidates.map(({ key }) => signatureHolds(alg, key, decoded)))
  if (!verdicts.includes(true)) throw refused('signature does not verify')
  assertClientAssertion(claims, issuer, now)
  const { exp, nbf, jti } = claims as { readonly exp: number; readonly nbf?: number; readonly jti: string }
  const seconds = now.getTime() / 1000
  if (exp <= seconds - TOLERANCE) throw refused('the assertion has expired')
  if (nbf !== undefined && nbf > seconds + TOLERANCE) throw refused('the assertion is not valid yet')
  return { clientId: decoded.clientId, jti, expiresAt: new Date((exp + TOLERANCE) * 1000) }
}

const verifying = promisify(verify)

/** On libuv's threads: the event loop goes on serving meanwhile. */
function signatureHolds(
  alg: 'PS256' | 'ES256',
  key: KeyObject,
  { signed, signature }: DecodedAssertion,
): Promise<boolean> {
  // RFC 7518 §3.4 and §3.5; 6 is RSA_PKCS1_PSS_PADDING.
  return alg === 'ES256'
    ? verifying('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
    : verifying('sha256', signed, { key, padding: 6, saltLength: 32 }, signature)
}

const segment = /^[A-Za-z0-9_-]+$/

function decode(jwt: string): DecodedAssertion {
  const [header, claims, signature, ...more] = jwt.split('.')
  if (jwt.length > 4096 || !header || !claims || !signature || more.length > 0 || !segment.test(signature))
    throw refused('the assertion is not a compact JWS')
  return {
    header: decodeObject(header),
    claims: decodeObject(claims),
    signed: Buffer.from(`${header}.${claims}`, 'latin1'),
    signature: Buffer.from(signature, 'base64url'),
  }
}

function decodeObject(encoded: string): JsonObject {
  try {
    const value: unknown =
      segment.test(encoded) && JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  } catch {
    // Said below: whatever it is, it is not a JSON object.
  }
  throw refused('the assertion is not a compact JWS')
}

interface ClientKey {
  readonly kid: unknown
  readonly alg: 'PS256' | 'ES256'
  readonly key: KeyObject
}

const imported = new WeakMap<JsonObject, readonly ClientKey[]>()

/** A client's keys, imported once for as long as its metadata is the same object. */
function keysOf(metadata: JsonObject): readonly ClientKey[] {
  const known = imported.get(metadata)
  if (known !== undefined) return known
  const { keys = [] } = (metadata.jwks ?? {}) as { readonly keys?: readonly JsonObject[] }
  const usable = keys.flatMap((jwk): readonly ClientKey[] => {
    const alg = jwk.kty === 'RSA' ? 'PS256' : jwk.kty === 'EC' && jwk.crv === 'P-256' ? 'ES256' : undefined
    if (alg === undefined || (jwk.alg !== undefined && jwk.alg !== alg)) return []
    return [{ kid: jwk.kid, alg, key: createPublicKey({ key: jwk as never, format: 'jwk' }) }]
  })
  imported.set(metadata, usable)
  return usable
}

/** RFC 8705 §2.2: the certificate itself is what was registered (`x5c` in the client's key set). */
export function certificateRegistered(metadata: JsonObject, thumbprint: string): boolean {
  const { keys = [] } = (metadata.jwks ?? {}) as { readonly keys?: readonly JsonObject[] }
  return keys.some(({ x5c }) => {
    const leaf = Array.isArray(x5c) ? x5c[0] : undefined
    if (typeof leaf !== 'string') return false
    return createHash('sha256').update(Buffer.from(leaf, 'base64')).digest('base64url') === thumbprint
  })
}

function refused(detail: string): errors.InvalidClientAuth {
  return new errors.InvalidClientAuth(detail)
}
