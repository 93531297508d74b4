import { lookup as systemLookup } from 'node:dns/promises'
import { isIP, type LookupFunction } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import type { Json } from '../domain/third-party.ts'
import { JsonRefused, parseJson } from './json-guard.ts'
import { isPublicAddress } from './public-address.ts'

/** The address or the answer broke a rule of {@link GuardedFetch}: asking again will not help. */
export class FetchRefused extends Error {
  override readonly name = 'FetchRefused'
}

/** Nobody answered in time, or the answer was a fault of the server: asking again may help. */
export class FetchFailed extends Error {
  override readonly name = 'FetchFailed'
}

/**
 * Fetches one JSON document from an address that somebody else chose: https on port 443, a host name whose addresses
 * are public when the connection is made, no redirect, no compression, a limit of size and of total time.
 */
export interface GuardedFetch {
  /** Throws {@link FetchRefused} or {@link FetchFailed}; their messages are for our log, not for the other side. */
  json(url: string): Promise<Json>
  close(): Promise<void>
}

type Resolve = (hostname: string) => Promise<readonly string[]>

export function openGuardedFetch(options: {
  /** Origins, named exactly, that may be plain http, have any port and be on a private address. */
  readonly exemptOrigins: readonly string[]
  /** For all of it, from the name's resolution to the last byte. */
  readonly timeoutMs?: number
  readonly maxBytes?: number
  /** All addresses of a host name. Default: the system's resolver. */
  readonly resolve?: Resolve
}): GuardedFetch {
  const { timeoutMs = 2500, maxBytes = 65_536, resolve = systemResolve } = options
  const common = { allowH2: false, connections: 4 }
  const guarded = new Agent({ ...common, connect: { lookup: publicOnly(resolve), timeout: timeoutMs } })
  const exempt = new Agent({ ...common, connect: { timeout: timeoutMs } })

  async function json(url: string): Promise<Json> {
    const target = parseUrl(url)
    const isExempt = options.exemptOrigins.includes(target.origin)
    if (!isExempt) checkUrl(target)
    try {
      const signal = AbortSignal.timeout(timeoutMs)
      // The signal alone is not heard while a connection is being made.
      return await Promise.race([
        read(target, { dispatcher: isExempt ? exempt : guarded, signal }, maxBytes),
        aborted(signal),
      ])
    } catch (error) {
      throw asFetchError(error)
    }
  }

  return {
    json,
    close: async () => {
      await Promise.all([guarded.destroy(), exempt.destroy()])
    },
  }
}

function parseUrl(url: string): URL {
  const target = URL.parse(url)
  if (target === null) throw new FetchRefused('not a URL')
  if (target.username !== '' || target.password !== '') throw new FetchRefused('a URL with a user name')
  return target
}

function checkUrl(target: URL): void {
  if (target.protocol !== 'https:') throw new FetchRefused('not https')
  if (target.port !== '') throw new FetchRefused('a port other than 443')
  // Sockets never look an address up, so a literal would pass by `publicOnly`.
  if (isIP(target.hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new FetchRefused('an address instead of a host name')
}

/** The check is made on the very addresses that the socket then uses: a name that changes its mind gains nothing. */
function publicOnly(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const addresses = found.map((address) => ({ address, family: isIP(address) }))
        const [first] = addresses
        if (first === undefined || !found.every(isPublicAddress))
          callback(new FetchRefused('a host without, or with more than, public addresses'), '', 0)
        else if (options.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      },
      (error) => callback(new FetchFailed('the host name was not resolved', { cause: error }), '', 0),
    )
  }
}

async function systemResolve(hostname: string): Promise<readonly string[]> {
  return (await systemLookup(hostname, { all: true })).map(({ address }) => address)
}

async function read(
  target: URL,
  through: { readonly dispatcher: Dispatcher; readonly signal: AbortSignal },
  maxBytes: number,
): Promise<Json> {
  const { statusCode, headers, body } = await request(target, {
    ...through,
    headers: { accept: 'application/json', 'accept-encoding': 'identity' },
  })
  try {
    checkAnswer(statusCode, headers)
    return parseJson(await readAtMost(body, maxBytes))
  } finally {
    // A refused body may still be arriving; nobody will read it, and its late error is nobody's.
    body.on('error', () => {}).destroy()
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function checkAnswer(status: number, headers: Readonly<Record<string, string | string[] | undefined>>): void {
  if (status >= 500 || status === 429) throw new FetchFailed(`status ${status}`)
  if (status !== 200) throw new FetchRefused(`status ${status}`)
  if (headers['content-encoding'] !== undefined) throw new FetchRefused('a compressed body')
  if (!/^application\/(?:[a-z-]+\+)?json(?:;|$)/i.test(String(headers['content-type'])))
    throw new FetchRefused('a body that is not called JSON')
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) throw new FetchRefused(`more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function asFetchError(error: unknown): FetchRefused | FetchFailed {
  if (error instanceof FetchRefused || error instanceof FetchFailed) return error
  if (error instanceof JsonRefused) return new FetchRefused(`a body of which ${error.message}`)
  return new FetchFailed('no answer in time', { cause: error })
}
