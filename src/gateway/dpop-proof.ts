import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, type JWTPayload, jwtVerify } from 'jose'

/** FAPI 2.0 Security Profile §5.4.1, as at the authority's own endpoints: nothing symmetric, never `none`. */
export const PROOF_ALGORITHMS = ['PS256', 'ES256']
/** A proof is as old or as far ahead of our clock as this, at most. Seconds. */
export const PROOF_WINDOW = 60
const LONGEST_PROOF = 8192
const LONGEST_JTI = 128
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** What a proof must speak about to count for a request. */
export interface ProofSubject {
  readonly token: string
  readonly method: string
  readonly url: string
}

/** A proof that is right in everything that can be judged without memory: nonce and jti are still to be judged. */
export interface ReadProof {
  /** RFC 7638 SHA-256 thumbprint of the key that made it. */
  readonly jkt: string
  readonly jti: string
  readonly issuedAt: Date
  readonly nonce: string | undefined
}

/** What is wrong with a proof, in a sentence for the third party's developer; holds nothing of what was sent. */
export class WrongProof extends Error {}

/** RFC 9449 §4.3, checks 2 to 9, 11 and 12a (`ath`). Throws {@link WrongProof}. */
export async function readProof(proof: string, subject: ProofSubject, now: Date): Promise<ReadProof> {
  if (proof.length > LONGEST_PROOF) throw new WrongProof('The DPoP proof is longer than 8 kB.')
  const jkt = await thumbprintOf(proof)
  const claims = await verified(proof, now)
  return { jkt, ...readClaims(claims, subject, now) }
}

/** Checks 4 and 5 as far as the header alone tells, and 7: a public key and nothing but. */
async function thumbprintOf(proof: string): Promise<string> {
  try {
    const { jwk, alg } = decodeProtectedHeader(proof)
    if (alg === undefined || !PROOF_ALGORITHMS.includes(alg)) throw new TypeError('alg')
    if (jwk === undefined || privateMembers.some((member) => Object.hasOwn(jwk, member)))
      throw new TypeError('jwk')
    return await calculateJwkThumbprint(jwk, 'sha256')
  } catch {
    throw new WrongProof(
      `The DPoP proof's header must hold an alg of ${PROOF_ALGORITHMS.join(', ')} and a public jwk.`,
    )
  }
}

async function verified(proof: string, now: Date): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(proof, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: PROOF_ALGORITHMS,
      currentDate: now,
      clockTolerance: PROOF_WINDOW,
    })
    return payload
  } catch {
    // No I/O happens above: whatever the library throws, the proof is what is wrong.
    throw new WrongProof('The DPoP proof is not a JWT of typ dpop+jwt whose signature its own jwk verifies.')
  }
}

function readClaims(claims: JWTPayload, subject: ProofSubject, now: Date): Omit<ReadProof, 'jkt'> {
  const { jti, iat, htm, htu, ath, nonce } = claims
  if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_JTI)
    throw new WrongProof(`The DPoP proof needs a jti of 1 to ${LONGEST_JTI} characters.`)
  if (htm !== subject.method) throw new WrongProof("The DPoP proof's htm is not this request's method.")
  if (typeof htu !== 'string' || comparable(htu) !== comparable(subject.url))
    throw new WrongProof("The DPoP proof's htu is not this request's URL.")
  if (typeof iat !== 'number' || Math.abs(now.getTime() / 1000 - iat) > PROOF_WINDOW)
    throw new WrongProof(`The DPoP proof's iat must be within ${PROOF_WINDOW} seconds of now.`)
  if (ath !== createHash('sha256').update(subject.token).digest('base64url'))
    throw new WrongProof("The DPoP proof's ath is not the SHA-256 of the access token.")
  if (nonce !== undefined && typeof nonce !== 'string')
    throw new WrongProof("The DPoP proof's nonce must be a string.")
  return { jti, issuedAt: new Date(iat * 1000), nonce }
}

/**
 * RFC 9449 §4.3 check 9: without query and fragment, after RFC 3986 §6.2.2 and §6.2.3 for scheme, host and port.
 * The path stays letter for letter: nothing we serve needs percent-encoding, so no two spellings are the same.
 */
function comparable(url: string): string | undefined {
  const parts = /^(https?):\/\/([^/?#]+)([^?#]*)/i.exec(url)
  if (parts === null) return undefined
  const [, scheme = '', authority = '', path = ''] = parts
  const defaultPort = scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/
  return `${scheme.toLowerCase()}://${authority.toLowerCase().replace(defaultPort, '')}${path || '/'}`
}
