import { Refusal } from './refusal.ts'

/** A request target in the only spelling we accept. */
export interface RequestTarget {
  /** Letter for letter as the client sent it. */
  readonly path: string
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

const LONGEST = 2048
/** RFC 3986's unreserved characters: whatever we serve is spelled with these, so nothing needs an escape. */
const plainPath = /^\/[A-Za-z0-9._~/-]*$/
const plainQuery = /^[A-Za-z0-9._~:%&=+-]*$/

/**
 * Reads the raw target of a request. What another reader might understand otherwise (escapes, `;`, `\`, `//`, dot
 * segments, control and non-ASCII characters, the absolute form) is refused with 400, never repaired (threats E5, E6).
 */
export function readTarget(target: string): RequestTarget {
  const [path = '', query = '', ...more] = target.split('?')
  const segments = path.slice(1).split('/')
  if (target.length > LONGEST) throw wrong('The URL is too long.')
  if (!plainPath.test(path) || path.includes('//') || segments.some(isDots))
    throw wrong('The path holds characters or segments that no address of this API has.')
  if (more.length > 0 || !plainQuery.test(query))
    throw wrong('The query holds characters that must be percent-encoded.')
  return { path, segments, query: new URLSearchParams(query) }
}

function isDots(segment: string): boolean {
  return segment === '.' || segment === '..'
}

function wrong(sentence: string): Refusal {
  return new Refusal(400, 'invalid_request', sentence, { headers: { connection: 'close' } })
}
