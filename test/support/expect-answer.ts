import type { Answer } from './transport.ts'
import { Unexpected } from './unexpected.ts'

/** The answer itself, when its status is one of these. Throws Unexpected in one sentence otherwise. */
export function expectStatus(answer: Answer, ...statuses: readonly number[]): Answer {
  if (statuses.includes(answer.status)) return answer
  throw new Unexpected(requestLine(answer), statuses.join(' or '), described(answer))
}

/** The answer itself, when it is a refusal with this status and this `error` (body or WWW-Authenticate). */
export function expectRefusal(answer: Answer, status: number, ...errors: readonly string[]): Answer {
  const error = errorOf(answer)
  if (answer.status === status && error !== undefined && errors.includes(error)) return answer
  throw new Unexpected(requestLine(answer), `${status} ${errors.join(' or ')}`, described(answer))
}

/** The OAuth error code that an answer carries: in its body, else in its challenge (RFC 6750 §3). */
export function errorOf(answer: Answer): string | undefined {
  const body = /"error"\s*:\s*"([^"]*)"/.exec(answer.body)?.[1]
  return body ?? /\berror="([^"]*)"/.exec(answer.headers['www-authenticate'] ?? '')?.[1]
}

function described(answer: Answer): string {
  const description = /"error_description"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(answer.body)?.[1]
  const error = errorOf(answer)
  if (error !== undefined) return `${answer.status} ${error}${description ? ` (${description})` : ''}`
  const location = answer.headers.location
  return `${answer.status}${location === undefined ? '' : ` to ${location.split('?')[0]}`}`
}

function requestLine(answer: Answer): string {
  return `${answer.method} ${answer.url.split('?')[0]}`
}
