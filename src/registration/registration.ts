import { createHash } from 'node:crypto'
import { Problem } from '../domain/problem.ts'
import type { SigningAlgorithm } from '../domain/signing-key.ts'
import type { JsonObject, SoftwareStatement } from '../domain/third-party.ts'
import type { Profile } from '../profiles/profile.ts'
import { invalidMetadata, readAsked } from './asked-metadata.ts'
import { chooseKeys } from './client-keys.ts'
import { chooseMetadata } from './client-metadata.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { isJsonObject } from './json-guard.ts'
import { chooseRedirectUris } from './redirect-uri.ts'
import { type Directory, STATEMENT_AGE, STATEMENT_SKEW, verifyStatement } from './statement-signature.ts'

/** Remembers which statements were used. */
export interface StatementRegister {
  /** True the first time only, however many ask at once. May be forgotten after `expiresAt`. */
  spend(key: Buffer, expiresAt: Date): Promise<boolean>
}

/** What came of a request: the directory's facts, and client metadata made of nothing that was not checked. */
export interface Registration {
  readonly statement: SoftwareStatement
  readonly metadata: JsonObject
}

export interface RegistrationDoor {
  /**
   * Derives what is to be registered from an RFC 7591 request body. Throws Problem `invalid-software-statement`,
   * `unapproved-software-statement`, `invalid-redirect-uri`, `invalid-client-metadata` or `unavailable`; the
   * statement is spent only when nothing else is wrong.
   */
  derive(body: unknown): Promise<Registration>
}

/** The third parties' door: what a directory vouches for goes in, what a stranger claims does not. */
export function openRegistration(parts: {
  readonly profile: Profile
  readonly directories: readonly Directory[]
  readonly fetch: Pick<GuardedFetch, 'json'>
  readonly statements: StatementRegister
  /** Demo only: `http` redirect URIs on this machine are taken as well. */
  readonly allowLoopbackRedirects: boolean
  /** What the bank's keys can sign with; the first is the default. Without it: PS256 and ES256. */
  readonly signedBy?: readonly [SigningAlgorithm, ...SigningAlgorithm[]]
  readonly now: () => Date
}): RegistrationDoor {
  const {
    profile,
    directories,
    fetch,
    statements,
    allowLoopbackRedirects,
    signedBy = ['PS256', 'ES256'],
    now,
  } = parts

  async function derive(body: unknown): Promise<Registration> {
    if (!isJsonObject(body)) throw invalidMetadata('The request must be a JSON object')
    const asked = readAsked(body)
    const claims = await verifyStatement(asked.value('software_statement'), directories, now())
    const statement = profile.readStatement(claims)
    const metadata = chooseMetadata(asked, statement, profile, {
      redirectUris: chooseRedirectUris(
        asked.value('redirect_uris'),
        statement.redirectUris,
        allowLoopbackRedirects,
      ),
      signedBy,
    })
    // Last but one, so that nobody makes us fetch for a request that fails anyway.
    const jwks = await chooseKeys(asked, statement.keys, fetch)
    checkAlgorithm(metadata, jwks.keys)
    await spend(statement)
    return { statement, metadata: { ...metadata, jwks: { keys: jwks.keys } } }
  }

  async function spend({ issuer, jti, issuedAt }: SoftwareStatement): Promise<void> {
    const key = createHash('sha256').update(`software-statement\0${issuer}\0${jti}`, 'utf8').digest()
    const refusedByAge = new Date(issuedAt.getTime() + (STATEMENT_AGE + STATEMENT_SKEW) * 1000)
    if (!(await statements.spend(key, refusedByAge)))
      throw new Problem(
        'invalid-software-statement',
        'The software statement was used before; ask your directory for a new one.',
      )
  }

  return { derive }
}

/** A client that pins an algorithm for which it has no key could never sign in. */
function checkAlgorithm(metadata: JsonObject, keys: readonly JsonObject[]): void {
  const pinned = metadata.token_endpoint_auth_signing_alg
  if (pinned !== undefined && !keys.some(({ alg }) => alg === pinned))
    throw invalidMetadata('token_endpoint_auth_signing_alg is one that none of the keys serves')
}
