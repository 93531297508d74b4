/** How a browser relates the document that starts a request to where it goes (Fetch Metadata §2.3). */
export type Relation = 'none' | 'same-origin' | 'same-site' | 'cross-site'

/** `from` undefined: the person typed the address. */
export function relation(from: URL | undefined, to: URL): Relation {
  if (from === undefined) return 'none'
  if (from.origin === to.origin) return 'same-origin'
  return from.protocol === to.protocol && site(from) === site(to) ? 'same-site' : 'cross-site'
}

/** The further apart of two relations: a redirect chain is as far as its furthest hop. */
export function further(a: Relation, b: Relation): Relation {
  const order: readonly Relation[] = ['none', 'same-origin', 'same-site', 'cross-site']
  return order.indexOf(a) > order.indexOf(b) ? a : b
}

/** Secure Contexts §3.1, as far as tests meet it. */
export function isTrustworthy(url: URL): boolean {
  return (
    url.protocol === 'https:' || /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  )
}

/** Referrer Policy §8.4: the `Referer` to send, undefined for none. */
export function refererFor(policy: string, from: URL, to: URL): string | undefined {
  const whole = `${from.origin}${from.pathname}${from.search}`
  const origin = `${from.origin}/`
  const same = from.origin === to.origin
  const downgrade = from.protocol === 'https:' && !isTrustworthy(to)
  if (policy === 'no-referrer') return undefined
  if (policy === 'unsafe-url') return whole
  if (policy === 'origin') return origin
  if (policy === 'same-origin') return same ? whole : undefined
  if (policy === 'strict-origin') return downgrade ? undefined : origin
  if (policy === 'origin-when-cross-origin') return same ? whole : origin
  if (policy === 'no-referrer-when-downgrade') return downgrade ? undefined : whole
  if (same) return whole
  return downgrade ? undefined : origin
}

/** Fetch §3.1, "append a request Origin header", for a navigation that is not GET. */
export function originFor(policy: string, from: URL, to: URL): string {
  const downgrade = from.protocol === 'https:' && to.protocol !== 'https:'
  if (policy === 'no-referrer') return 'null'
  if (policy === 'same-origin') return from.origin === to.origin ? from.origin : 'null'
  if (policy === 'origin' || policy === 'unsafe-url' || policy === 'origin-when-cross-origin')
    return from.origin
  return downgrade ? 'null' : from.origin
}

const policies = new Set([
  'no-referrer',
  'no-referrer-when-downgrade',
  'same-origin',
  'origin',
  'strict-origin',
  'origin-when-cross-origin',
  'strict-origin-when-cross-origin',
  'unsafe-url',
])

/** Referrer Policy §8.1: the last policy of the header that is known, else the browsers' default. */
export function referrerPolicy(header: string | readonly string[] | undefined): string {
  const known = String(header ?? '')
    .split(',')
    .map((policy) => policy.trim().toLowerCase())
  return known.findLast((policy) => policies.has(policy)) ?? 'strict-origin-when-cross-origin'
}

/**
 * CSP 3 §6.4.1: whether `form-action` of these policies lets a form, or a redirect that follows it, go there.
 * Chromium checks the redirects too; hosts are compared with scheme and port, paths are not.
 */
export function formMayGo(csp: string | undefined, from: URL, to: URL): boolean {
  const policies = (csp ?? '')
    .split(',')
    .map((policy) => policy.split(';').map((part) => part.trim().split(/\s+/)))
  return policies.every((directives) => {
    const sources = directives.find(([name]) => name?.toLowerCase() === 'form-action')?.slice(1)
    return sources === undefined || sources.some((source) => sourceMatches(source, from, to))
  })
}

function sourceMatches(source: string, from: URL, to: URL): boolean {
  if (source === "'self'") return from.origin === to.origin
  if (source === '*') return true
  if (/^[a-z][a-z0-9+.-]*:$/i.test(source)) return to.protocol === source.toLowerCase()
  return URL.canParse(source) && new URL(source).origin === to.origin
}

/** Scheme and registrable domain; one label below the suffix, which is enough for `.test` and `localhost`. */
function site(url: URL): string {
  if (/^[\d.]+$|^\[/.test(url.hostname)) return url.hostname
  return url.hostname.split('.').slice(-2).join('.')
}
