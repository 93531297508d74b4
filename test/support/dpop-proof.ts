import { type KeyObject, randomUUID } from 'node:crypto'
import { merged, type Overrides } from './json.ts'
import { type Algorithm, type KeyPair, publicMembers, sha256, signJws } from './jws.ts'

/** What an attack may change of a DPoP proof. */
export interface ProofParts {
  readonly claims?: Overrides
  readonly header?: Overrides
  readonly alg?: Algorithm
  /** Signs instead of the holder's key, while the header goes on naming the holder's. */
  readonly signedBy?: KeyObject | Buffer
  /** Another holder altogether: names and signs. */
  readonly key?: KeyPair
}

export interface ProofFacts {
  readonly method: string
  readonly url: string
  readonly key: KeyPair
  readonly now: Date
  readonly accessToken?: string
  readonly nonce?: string
}

/** RFC 9449 §4.2. `htu` is the URL without query and fragment. */
export function dpopProof(facts: ProofFacts, parts: ProofParts = {}): string {
  const key = parts.key ?? facts.key
  const header = { typ: 'dpop+jwt', alg: parts.alg ?? key.alg, jwk: publicMembers(key.publicKey) }
  const claims = {
    jti: randomUUID(),
    htm: facts.method,
    htu: facts.url.replace(/[?#].*$/s, ''),
    iat: Math.floor(facts.now.getTime() / 1000),
    ath: facts.accessToken === undefined ? undefined : sha256(facts.accessToken),
    nonce: facts.nonce,
  }
  return signJws(merged(header, parts.header), merged(claims, parts.claims), parts.signedBy ?? key.privateKey)
}
