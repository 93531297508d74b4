/** A stored cookie (RFC 6265bis §5.7). */
export interface Cookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  /** Sent to exactly this host, not to those below it. */
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: 'Strict' | 'Lax' | 'None'
  /** Milliseconds since the epoch; undefined: until the browser closes. */
  readonly expiresAt?: number
}

/** Where a request goes, and what `SameSite` must know about it. */
export interface CookieRequest {
  readonly url: URL
  /** False when another site started the request. */
  readonly sameSite: boolean
  readonly method: string
}

/** A browser's cookies. Ports do not separate them (RFC 6265bis §8.5). */
export class CookieJar {
  readonly #now: () => Date
  #cookies: readonly Cookie[] = []
  /** Why cookies were not stored, newest last: for tests that wonder. */
  readonly refusals: string[] = []

  constructor(now: () => Date = () => new Date()) {
    this.#now = now
  }

  /** All that has not expired. */
  get cookies(): readonly Cookie[] {
    return this.#cookies.filter((cookie) => !this.#expired(cookie))
  }

  /** Stores what the browser would store of these `Set-Cookie` lines. */
  store(url: URL, lines: readonly string[]): void {
    for (const line of lines) {
      const cookie = readCookie(url, line, this.#now().getTime())
      if (typeof cookie === 'string') this.refusals.push(cookie)
      else this.#put(url, cookie)
    }
  }

  /** The `Cookie` header for a navigation; undefined when there is nothing to send. */
  header(request: CookieRequest): string | undefined {
    const sent = this.cookies.filter((cookie) => isSent(cookie, request))
    // RFC 6265bis §5.8.3: longer paths first, then the older first.
    const ordered = sent.toSorted((a, b) => b.path.length - a.path.length)
    return ordered.length === 0 ? undefined : ordered.map(({ name, value }) => `${name}=${value}`).join('; ')
  }

  /** Puts a cookie there as an attacker on a sibling host, or a thief of the whole jar, would. */
  plant(cookie: Cookie): void {
    this.#cookies = [...this.#cookies.filter((other) => !isSame(other, cookie)), cookie]
  }

  clear(): void {
    this.#cookies = []
  }

  #put(url: URL, cookie: Cookie): void {
    const old = this.#cookies.find((other) => isSame(other, cookie))
    // RFC 6265bis §5.7: leave secure cookies alone when the answer came over an insecure channel.
    if (old?.secure && url.protocol !== 'https:') {
      this.refusals.push(`${cookie.name}: a Secure cookie of that name is there`)
      return
    }
    const others = this.#cookies.filter((other) => other !== old)
    // Replacing keeps the place: creation time decides the order.
    const at = old === undefined ? others.length : this.#cookies.indexOf(old)
    this.#cookies = this.#expired(cookie) ? others : others.toSpliced(at, 0, cookie)
  }

  #expired({ expiresAt }: Cookie): boolean {
    return expiresAt !== undefined && expiresAt <= this.#now().getTime()
  }
}

/** The cookie that a `Set-Cookie` line asks for, or a sentence saying why a browser ignores it. */
export function readCookie(url: URL, line: string, now: number): Cookie | string {
  const [pair = '', ...rest] = line.split(';')
  const equals = pair.indexOf('=')
  const name = equals < 0 ? '' : pair.slice(0, equals).trim()
  if (name === '') return `"${pair}": no name`
  const attributes = new Map(rest.map(attribute))
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase() || undefined
  const path = attributes.get('path')
  const expiresAt = expiry(attributes, now)
  const cookie: Cookie = {
    name,
    value: pair.slice(equals + 1).trim(),
    domain: domain ?? url.hostname,
    hostOnly: domain === undefined,
    path: path?.startsWith('/') ? path : defaultPath(url),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: sameSite(attributes.get('samesite')),
    ...(expiresAt !== undefined && { expiresAt }),
  }
  const fault = faultOf(cookie, url, attributes.has('path'))
  return fault === undefined ? cookie : `${name}: ${fault}`
}

function attribute(text: string): [string, string] {
  const equals = text.indexOf('=')
  if (equals < 0) return [text.trim().toLowerCase(), '']
  return [text.slice(0, equals).trim().toLowerCase(), text.slice(equals + 1).trim()]
}

function expiry(attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? undefined : expires
}

function sameSite(value: string | undefined): Cookie['sameSite'] {
  if (value?.toLowerCase() === 'strict') return 'Strict'
  return value?.toLowerCase() === 'none' ? 'None' : 'Lax'
}

function faultOf(cookie: Cookie, url: URL, hasPath: boolean): string | undefined {
  if (cookie.secure && url.protocol !== 'https:') return 'Secure, but the answer came without TLS'
  if (cookie.sameSite === 'None' && !cookie.secure) return 'SameSite=None without Secure'
  if (!cookie.hostOnly && !domainMatches(url.hostname, cookie.domain))
    return 'Domain is not a parent of the host'
  if (!cookie.hostOnly && !cookie.domain.includes('.')) return 'Domain is a public suffix'
  const name = cookie.name.toLowerCase()
  if (name.startsWith('__secure-') && !cookie.secure) return 'prefix __Secure- without Secure'
  if (!name.startsWith('__host-')) return undefined
  if (!cookie.secure) return 'prefix __Host- without Secure'
  if (!cookie.hostOnly) return 'prefix __Host- with Domain'
  return hasPath && cookie.path === '/' ? undefined : 'prefix __Host- without Path=/'
}

function isSent(cookie: Cookie, { url, sameSite: same, method }: CookieRequest): boolean {
  if (cookie.hostOnly ? url.hostname !== cookie.domain : !domainMatches(url.hostname, cookie.domain))
    return false
  if (!pathMatches(url.pathname, cookie.path)) return false
  if (cookie.secure && url.protocol !== 'https:') return false
  if (same || cookie.sameSite === 'None') return true
  return cookie.sameSite === 'Lax' && method === 'GET'
}

function domainMatches(host: string, domain: string): boolean {
  return host === domain || (host.endsWith(`.${domain}`) && !/^[\d.]+$|^\[/.test(host))
}

function pathMatches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true
  return path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}

/** RFC 6265bis §5.1.4: up to, but not including, the right-most slash. */
function defaultPath(url: URL): string {
  return url.pathname.slice(0, url.pathname.lastIndexOf('/')) || '/'
}

function isSame(a: Cookie, b: Cookie): boolean {
  return a.name === b.name && a.domain === b.domain && a.hostOnly === b.hostOnly && a.path === b.path
}
