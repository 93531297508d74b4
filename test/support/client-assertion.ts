import { type KeyObject, randomUUID } from 'node:crypto'
import { merged, type Overrides } from './json.ts'
import { type Algorithm, type KeyPair, signJws } from './jws.ts'

/** What an attack may change of a client assertion. */
export interface AssertionParts {
  readonly claims?: Overrides
  readonly header?: Overrides
  readonly alg?: Algorithm
  /** Signs instead of the client's own key; a Buffer is an HMAC secret. */
  readonly key?: KeyObject | Buffer
}

export interface AssertionFacts {
  readonly clientId: string
  readonly issuer: string
  readonly key: KeyPair
  readonly now: Date
}

/**
 * RFC 7523 §3 as FAPI 2.0 Security Profile §5.3.2.1 item 8 narrows it: `aud` is the issuer, as a string.
 * Lives 60 seconds.
 */
export function clientAssertion(facts: AssertionFacts, parts: AssertionParts = {}): string {
  const iat = Math.floor(facts.now.getTime() / 1000)
  const header = { alg: parts.alg ?? facts.key.alg, kid: facts.key.kid, typ: 'JWT' }
  const claims = {
    iss: facts.clientId,
    sub: facts.clientId,
    aud: facts.issuer,
    jti: randomUUID(),
    iat,
    exp: iat + 60,
  }
  return signJws(
    merged(header, parts.header),
    merged(claims, parts.claims),
    parts.key ?? facts.key.privateKey,
  )
}
