import { Problem } from '../domain/problem.ts'

const MAX_URIS = 20
const MAX_LENGTH = 256

/** RFC 8252 §7.3 and §8.3: the only hosts of the customer's own machine that may be named. */
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']

/**
 * The redirect URIs to register: those asked for, every one of them in the statement byte for byte; all of the
 * statement's when none is asked for. Throws Problem `invalid-redirect-uri`.
 */
export function chooseRedirectUris(
  asked: unknown,
  vouched: readonly string[],
  allowLoopback: boolean,
): readonly string[] {
  const chosen = asked === undefined || asked === null ? vouched : readList(asked)
  if (chosen.length === 0 || chosen.length > MAX_URIS)
    throw invalid(`redirect_uris must hold 1 to ${MAX_URIS} addresses`)
  if (new Set(chosen).size < chosen.length) throw invalid('redirect_uris holds an address twice')
  chosen.forEach((uri, index) => {
    const fault = faultOf(uri, allowLoopback)
    if (fault !== undefined) throw invalid(`redirect URI ${index + 1} ${fault}`)
    if (!vouched.includes(uri)) throw invalid(`redirect URI ${index + 1} is not in the software statement`)
  })
  return chosen
}

function readList(asked: unknown): readonly string[] {
  if (!Array.isArray(asked) || !asked.every((uri) => typeof uri === 'string'))
    throw invalid('redirect_uris must be a list of texts')
  return asked
}

/** What is wrong with one address, continuing "the redirect URI …"; undefined when nothing is. */
function faultOf(uri: string, allowLoopback: boolean): string | undefined {
  if (uri.length > MAX_LENGTH) return `is longer than ${MAX_LENGTH} characters`
  if (!/^[\x21-\x7e]+$/.test(uri) || uri.includes('\\'))
    return 'may hold printable ASCII only, without spaces and backslashes'
  if (uri.includes('#')) return 'must not have a fragment'
  if (uri.includes('*')) return 'must not have a wildcard'
  const url = URL.parse(uri)
  if (url === null) return 'is not an absolute URL'
  if (url.username !== '' || url.password !== '' || url.host === '' || /^[a-z]+:\/\/[^/?]*@/i.test(uri))
    return 'must not have a user name or lack a host'
  const loopback = allowLoopback && url.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)
  if (url.protocol !== 'https:' && !loopback) return 'must be https'
  // Redirects compare bytes, browsers compare meanings: only an address that has one spelling is taken.
  if (url.href !== uri && url.href !== `${uri}/`)
    return 'must be written in its plain form: lower-case host, no default port, no dot segments, no odd escapes'
  return undefined
}

function invalid(sentence: string): Problem {
  return new Problem('invalid-redirect-uri', `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`)
}
