import { compactVerify, decodeProtectedHeader, importJWK, type ProtectedHeaderParameters } from 'jose'
import { Problem } from '../domain/problem.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { KeySource } from './directory-keys.ts'
import { isJsonObject, JsonRefused, parseJson } from './json-guard.ts'
import { KeyRefused, readPublicKey } from './public-key.ts'

/** A directory whose statements count, by the `iss` it writes into them. */
export interface Directory {
  readonly issuer: string
  readonly keys: KeySource
}

/** Seconds. A statement is for registering now, not for keeping. */
export const STATEMENT_AGE = 60 * 60
/** Seconds that clocks may disagree. */
export const STATEMENT_SKEW = 60

const MAX_LENGTH = 32_768

/**
 * The claims of a software statement (RFC 7591 §2.3) that one of these directories signed within the last hour.
 * Throws Problem `invalid-software-statement`; `unavailable` when the directory's keys cannot be had.
 */
export async function verifyStatement(
  statement: unknown,
  directories: readonly Directory[],
  now: Date,
): Promise<JsonObject> {
  if (typeof statement !== 'string')
    throw invalid('software_statement is missing; ask your directory for one')
  if (statement.length > MAX_LENGTH)
    throw invalid(`the software statement is longer than ${MAX_LENGTH} characters`)
  const { alg, kid } = readHeader(statement)
  const key = await findKey(directoryOf(statement, directories), kid, alg)
  const claims = readClaims(await verifySignature(statement, key, alg))
  checkTimes(claims, now)
  return claims
}

/** What the header may say; keys that it brings along (`jwk`, `jku`, `x5c` …) are never looked at. */
function readHeader(statement: string): { readonly alg: 'PS256' | 'ES256'; readonly kid: string } {
  const { alg, kid, typ, crit } = decodeHeader(statement)
  if (alg !== 'PS256' && alg !== 'ES256')
    throw invalid('the software statement must be signed by PS256 or ES256')
  if (typ !== undefined && !(typeof typ === 'string' && typ.toUpperCase() === 'JWT'))
    throw invalid("the software statement's typ must be JWT")
  if (crit !== undefined) throw invalid("the software statement's header must not have crit")
  if (typeof kid !== 'string' || kid === '' || kid.length > 128)
    throw invalid("the software statement's header must name the directory's key by kid")
  return { alg, kid }
}

function decodeHeader(statement: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(statement)
  } catch (cause) {
    throw invalid('the software statement is not a signed JWT', cause)
  }
}

/** Whose keys to try, by an `iss` that is not yet proved: with another directory's keys the signature fails. */
function directoryOf(statement: string, directories: readonly Directory[]): Directory {
  const { iss } = readClaims(Buffer.from(statement.split('.')[1] ?? '', 'base64url'))
  const directory = directories.find(({ issuer }) => issuer === iss)
  if (directory === undefined)
    throw invalid('the software statement is not by a directory that this bank knows')
  return directory
}

async function findKey(directory: Directory, kid: string, alg: string) {
  const found = await directory.keys.find(kid)
  if (found === undefined) throw invalid("the software statement's kid is no key of its directory")
  try {
    const key = readPublicKey(found)
    if (key.alg !== alg) throw new KeyRefused('serves another alg')
    return await importJWK({ ...key.jwk }, alg)
  } catch (cause) {
    throw invalid("the software statement's kid names a key that is not good for its alg", cause)
  }
}

async function verifySignature(statement: string, key: Awaited<ReturnType<typeof findKey>>, alg: string) {
  try {
    return (await compactVerify(statement, key, { algorithms: [alg] })).payload
  } catch (cause) {
    throw invalid("the software statement's signature is not by the directory", cause)
  }
}

function readClaims(payload: Uint8Array): JsonObject {
  try {
    const claims = parseJson(payload)
    if (isJsonObject(claims)) return claims
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error
    throw invalid(`the software statement's payload is refused: ${error.message}`)
  }
  throw invalid("the software statement's payload is not a JSON object")
}

function checkTimes({ iat, exp, nbf }: JsonObject, now: Date): void {
  const seconds = now.getTime() / 1000
  if (typeof iat !== 'number') throw invalid("the software statement's iat is missing")
  if (iat > seconds + STATEMENT_SKEW) throw invalid("the software statement's iat is in the future")
  if (iat < seconds - STATEMENT_AGE)
    throw invalid(`the software statement is older than ${STATEMENT_AGE / 60} minutes; ask for a new one`)
  if (exp !== undefined && !(typeof exp === 'number' && exp > seconds))
    throw invalid('the software statement has expired; ask for a new one')
  if (nbf !== undefined && !(typeof nbf === 'number' && nbf <= seconds + STATEMENT_SKEW))
    throw invalid("the software statement's nbf is in the future")
}

function invalid(sentence: string, cause?: unknown): Problem {
  return new Problem(
    'invalid-software-statement',
    `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`,
    cause === undefined ? {} : { cause },
  )
}
