import { Problem } from '../domain/problem.ts'
import type { Json, JsonWebKeySet, SoftwareStatement } from '../domain/third-party.ts'
import { type AskedMetadata, invalidMetadata } from './asked-metadata.ts'
import { FetchFailed, FetchRefused, type GuardedFetch } from './guarded-fetch.ts'
import { KeyRefused, readKeySet } from './public-key.ts'

/**
 * The third party's keys by value, from where the statement says, and nowhere else. Keys in the request must be the
 * same ones. Throws Problem `invalid-client-metadata` or, when the address does not answer in time, `unavailable`.
 */
export async function chooseKeys(
  asked: AskedMetadata,
  vouched: SoftwareStatement['keys'],
  fetch: Pick<GuardedFetch, 'json'>,
): Promise<JsonWebKeySet> {
  const jwks = asked.value('jwks')
  const uri = asked.value('jwks_uri')
  if (jwks !== undefined && uri !== undefined)
    throw invalidMetadata('jwks and jwks_uri must not be there together')
  if ('jwksUri' in vouched) return fetchKeys(vouched.jwksUri, jwks, uri, fetch)
  if (uri !== undefined)
    throw invalidMetadata('jwks_uri must be left out: the software statement holds the keys')
  const keys = read(vouched.jwks, "The software statement's key set")
  if (jwks !== undefined && material(read(jwks, 'jwks')) !== material(keys))
    throw invalidMetadata('jwks holds other keys than the software statement; leave it out')
  return keys
}

async function fetchKeys(
  address: string,
  jwks: Json | undefined,
  uri: Json | undefined,
  fetch: Pick<GuardedFetch, 'json'>,
): Promise<JsonWebKeySet> {
  if (jwks !== undefined)
    throw invalidMetadata('jwks must be left out: the software statement names software_jwks_endpoint')
  if (uri !== undefined && uri !== address)
    throw invalidMetadata("jwks_uri is not the software statement's software_jwks_endpoint; leave it out")
  try {
    return read(await fetch.json(address), 'The key set at software_jwks_endpoint')
  } catch (error) {
    throw asProblem(error)
  }
}

/** One sentence for every rule: which of them was broken would tell a stranger what our network looks like. */
function asProblem(error: unknown): unknown {
  if (error instanceof FetchRefused)
    return invalidMetadata(
      'software_jwks_endpoint must be https on port 443 of a public host and answer 200 with a JSON key set, ' +
        'without redirect or compression',
      error,
    )
  if (error instanceof FetchFailed)
    return new Problem('unavailable', 'software_jwks_endpoint did not answer in time; try again soon.', {
      cause: error,
    })
  return error
}

function read(set: unknown, what: string): JsonWebKeySet {
  try {
    return readKeySet(set)
  } catch (error) {
    if (error instanceof KeyRefused) throw invalidMetadata(`${what} ${error.message}`, error)
    throw error
  }
}

/** The same text for the same keys in whatever order. */
function material(set: JsonWebKeySet): string {
  return JSON.stringify(set.keys.map((key) => JSON.stringify(key)).sort())
}
