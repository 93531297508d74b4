import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { expectStatus } from './expect-answer.ts'
import type { JsonObject } from './json.ts'
import { sha256 } from './jws.ts'
import type { ServerMetadata } from './server-metadata.ts'
import type { Transport } from './transport.ts'
import { Unexpected } from './unexpected.ts'

export interface IdTokenExpectations {
  readonly clientId: string
  readonly nonce?: string
  readonly alg: string
  readonly accessToken: string
  readonly now: Date
}

/**
 * OpenID Connect Core §3.1.3.7 against the server's published keys: signature with the registered algorithm, `iss`,
 * `aud`, `exp`, `iat`, `nonce`, and `at_hash` where it is given. Throws Unexpected naming the first that is wrong.
 */
export async function verifyIdToken(
  transport: Transport,
  server: ServerMetadata,
  idToken: string,
  expected: IdTokenExpectations,
): Promise<{ readonly sub: string; readonly claims: JsonObject }> {
  const answer = expectStatus(await transport.send({ url: server.endpoint('jwks_uri') }), 200)
  // jose checks the shape of a key set itself.
  const keys = createLocalJWKSet(answer.json() as unknown as JSONWebKeySet)
  const { payload } = await jwtVerify(idToken, keys, {
    issuer: server.issuer,
    audience: expected.clientId,
    algorithms: [expected.alg],
    requiredClaims: ['sub', 'exp', 'iat'],
    clockTolerance: 10,
    currentDate: expected.now,
  }).catch((fault: Error) => {
    throw new Unexpected('the id_token', `a valid ${expected.alg} token for this client`, fault.message)
  })
  if (expected.nonce !== undefined && payload.nonce !== expected.nonce)
    throw new Unexpected('nonce of the id_token', 'the nonce of the request', String(payload.nonce))
  const hash = leftHalf(sha256(expected.accessToken))
  if (payload.at_hash !== undefined && payload.at_hash !== hash)
    throw new Unexpected('at_hash of the id_token', hash, String(payload.at_hash))
  if (payload.sub === undefined || payload.sub === '')
    throw new Unexpected('the id_token', 'a subject', 'none')
  // A verified payload was parsed from JSON.
  return { sub: payload.sub, claims: payload as JsonObject }
}

/** OpenID Connect Core §3.1.3.6: the left-most half of the hash. */
function leftHalf(hash: string): string {
  return Buffer.from(hash, 'base64url').subarray(0, 16).toString('base64url')
}
