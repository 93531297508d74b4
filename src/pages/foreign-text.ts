const LONGEST = 64

/**
 * A name that somebody else chose, fit to be read by a customer: one Unicode form, no control and no invisible or
 * direction-changing characters, one line, at most 64 characters. (Escaping is the template's business.)
 */
export function foreignName(name: string, otherwise = 'This app'): string {
  const cleaned = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
  const characters = [...cleaned]
  if (characters.length === 0) return otherwise
  return characters.length <= LONGEST ? cleaned : `${characters.slice(0, LONGEST - 1).join('')}…`
}

/** A web address that may be linked to; undefined when it is none, or leads anywhere but to a web page. */
export function foreignLink(address: string | undefined): string | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined
  const { protocol, hostname, href } = new URL(address)
  const loopback = hostname === 'localhost' || hostname === '127.0.0.1'
  return protocol === 'https:' || (protocol === 'http:' && loopback) ? href : undefined
}

/** "acmebudget.example" for a redirect origin, or the app's own name where it opens an app instead of a page. */
export function placeInWords(redirectOrigin: string, appName: string): string {
  if (!/^https?:\/\//i.test(redirectOrigin) || !URL.canParse(redirectOrigin)) return appName
  return new URL(redirectOrigin).host
}
