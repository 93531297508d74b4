import { Problem } from '../domain/problem.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { GuardedFetch } from './guarded-fetch.ts'
import { isJsonObject } from './json-guard.ts'

/** Where a directory's public keys come from. */
export interface KeySource {
  /**
   * The directory's public key of that name as a JWK; undefined when it has none.
   * Throws Problem `unavailable` when the directory does not answer and nothing of it is known.
   */
  find(kid: string): Promise<JsonObject | undefined>
}

interface KnownKeys {
  readonly keys: ReadonlyMap<string, JsonObject>
  readonly readAt: number
}

/** Milliseconds. A key that the directory removes is dead here after this time. */
const FRESH = 5 * 60_000
/** While the directory does not answer, its last known keys serve this long. */
const STALE_AT_MOST = 24 * 60 * 60_000
/** A stranger may name keys that do not exist; the directory is asked for them this often at most. */
const BETWEEN_UNKNOWN = 60_000
/** While the directory does not answer and old keys serve, it is tried again this often at most. */
const BETWEEN_FAILURES = 10_000

/** The keys at a directory's JWKS address, cached; concurrent questions share one request. */
export function openDirectoryKeys(parts: {
  readonly jwksUrl: string
  readonly fetch: Pick<GuardedFetch, 'json'>
  readonly now: () => Date
}): KeySource {
  let known: KnownKeys | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let asking: Promise<void> | undefined
  const time = () => parts.now().getTime()

  async function ask(): Promise<void> {
    askedAt = time()
    known = { keys: readKeys(await parts.fetch.json(parts.jwksUrl)), readAt: askedAt }
  }

  function refresh(): Promise<void> {
    asking ??= ask().finally(() => {
      asking = undefined
    })
    return asking
  }

  async function current(): Promise<KnownKeys> {
    const age = time() - (known?.readAt ?? Number.NEGATIVE_INFINITY)
    const tooOld = age > STALE_AT_MOST
    if (tooOld || (age > FRESH && time() - askedAt >= BETWEEN_FAILURES))
      await refresh().catch((cause) => {
        if (tooOld)
          throw new Problem('unavailable', 'The directory does not answer; try again soon.', { cause })
      })
    if (known === undefined)
      throw new Problem('unavailable', 'The directory does not answer; try again soon.')
    return known
  }

  async function find(kid: string): Promise<JsonObject | undefined> {
    const key = (await current()).keys.get(kid)
    if (key !== undefined || time() - askedAt < BETWEEN_UNKNOWN) return key
    // A failure is no news about this key: what is known says that there is none.
    await refresh().catch(() => {})
    return known?.keys.get(kid)
  }

  return { find }
}

function readKeys(document: unknown): ReadonlyMap<string, JsonObject> {
  if (!isJsonObject(document) || !Array.isArray(document.keys)) throw new TypeError('not a JSON Web Key Set')
  const keys: readonly unknown[] = document.keys
  return new Map(
    keys
      .filter(isJsonObject)
      .flatMap((key) => (typeof key.kid === 'string' ? [[key.kid, key] as const] : [])),
  )
}
