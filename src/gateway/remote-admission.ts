import { Pool } from 'undici'
import { Problem } from '../domain/problem.ts'
import { admission, disclosed } from './admission-wire.ts'
import type { Admitter } from './admitter.ts'

export interface RemoteAdmitterOptions {
  /** Where the authority's private listener is, such as `https://authority.internal:8446`. */
  readonly url: string
  /** PEM: whom we trust, and who we are. `servername` when the certificate names another host than the URL. */
  readonly tls: {
    readonly ca: string
    readonly cert: string
    readonly key: string
    readonly servername?: string
  }
  /** How long one answer may take. Milliseconds; 2000 unless told. */
  readonly timeout?: number
}

/** An answer names at most some thousand accounts. Bytes. */
const LARGEST_ANSWER = 1024 * 1024

/**
 * The judge at the other end of a private mutual-TLS connection, for a gateway that runs alone. Nothing is asked
 * twice and nothing is remembered: what does not come back in time, or not in the agreed shape, counts as
 * `temporarily_unavailable`. Throws at once on a URL that is not https.
 */
export function openRemoteAdmitter(options: RemoteAdmitterOptions): Admitter & { close(): Promise<void> } {
  const { origin, protocol } = new URL(options.url)
  if (protocol !== 'https:') throw new TypeError('the admission service is reached over https only')
  const timeout = options.timeout ?? 2000
  const pool = new Pool(origin, {
    connect: { ...options.tls, minVersion: 'TLSv1.3', timeout },
    connections: 64,
    headersTimeout: timeout,
    bodyTimeout: timeout,
    maxResponseSize: LARGEST_ANSWER,
  })
  return {
    admit: async (request) => {
      const answer = admission.safeParse(await ask(pool, '/admit', request, timeout).catch(() => undefined))
      return answer.data ?? unavailable
    },
    disclosed: async (disclosure) => {
      const answer = disclosed.safeParse(await ask(pool, '/disclosed', disclosure, timeout))
      if (!answer.success) throw new Problem('unavailable', 'The admission service gave no usable answer.')
      return answer.data.disclosed
    },
    refused: async (refusal) => {
      await ask(pool, '/refused', refusal, timeout)
    },
    close: () => pool.destroy(),
  }
}

const unavailable = {
  admitted: false,
  status: 503,
  error: 'temporarily_unavailable',
  description: 'The request could not be checked now; please try again.',
} as const

/** Throws Problem `unavailable` for everything but a 200 with JSON; its cause never holds what was sent or received. */
async function ask(pool: Pool, path: string, question: unknown, timeout: number): Promise<unknown> {
  try {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(question),
      signal: AbortSignal.timeout(timeout),
    })
    if (statusCode === 200) return await body.json()
    await body.dump()
  } catch {
    // Told below, like every other way of not answering.
  }
  throw new Problem('unavailable', 'The admission service did not answer.')
}
