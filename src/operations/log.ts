import { createHmac } from 'node:crypto'
import { redact } from './redact.ts'

const levels = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof levels)[number]

/** All that a line may hold beside time, level and event. A name that is not here is dropped, whatever it holds. */
const NAMES = [
  'door',
  'route',
  'method',
  'status',
  'ms',
  'interactionId',
  'clientId',
  'consentId',
  'reference',
  'error',
  'reason',
  'message',
  'stack',
  'process',
  'name',
  'host',
  'port',
  'url',
  'table',
  'rows',
  'count',
  'dropped',
  'kid',
  'alg',
  'token',
  'thumbprint',
  'outcome',
  'version',
  'signal',
] as const

/** Words that somebody composed; anything may have slipped into them. */
const FREE_TEXT: readonly string[] = ['error', 'reason', 'message', 'stack', 'url', 'route']

/** Characters of one field. */
const LONGEST = 4096

/**
 * `route` is the template, never the path. `token` is a {@link Log.fingerprint}, `thumbprint` that of a certificate,
 * `reference` the id of an error shown to a person, `process` the part of the house that runs in it.
 */
export type LogFields = { readonly [name in (typeof NAMES)[number]]?: string | number | boolean | undefined }

/** Writes one line of JSON per event. Never throws. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** What may be logged instead of a token: the first 16 hex digits of its HMAC-SHA-256 under the log's key. */
  fingerprint(value: string): string
}

/** A log that can only say what it is allowed to say. Throws when the key is shorter than 32 bytes. */
export function openLog(parts: {
  /** Takes one line, without its line feed. */
  readonly write: (line: string) => void
  readonly hmacKey: Buffer
  /** Events below this level are not written. */
  readonly level: LogLevel
  readonly now: () => Date
}): Log {
  if (parts.hmacKey.length < 32) throw new RangeError('the log key must have at least 32 bytes')
  const least = levels.indexOf(parts.level)

  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (levels.indexOf(level) < least) return
      parts.write(encode({ time: parts.now().toISOString(), level, event: text(event), ...allowed(fields) }))
    }

  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fingerprint: (value) =>
      createHmac('sha256', parts.hmacKey).update(value, 'utf8').digest('hex').slice(0, 16),
  }
}

function allowed(fields: LogFields): Record<string, string | number | boolean> {
  const written: Record<string, string | number | boolean> = {}
  for (const name of NAMES) {
    const value = fields[name]
    if (typeof value === 'string') written[name] = text(FREE_TEXT.includes(name) ? composed(value) : value)
    else if (typeof value === 'number' || typeof value === 'boolean') written[name] = value
  }
  return written
}

/** Cut before it is searched, and then its end: a secret that the cut made short would no longer look like one. */
function composed(value: string): string {
  const most = 4 * LONGEST
  return value.length <= most ? redact(value) : redact(value.slice(0, most)).slice(0, -64)
}

function text(value: string): string {
  return value.length <= LONGEST ? value : `${value.slice(0, LONGEST)}…`
}

/**
 * ASCII only: line and paragraph separators, escape sequences of terminals and direction marks all become harmless
 * `\u` escapes, and a line stays a line for every reader.
 */
function encode(line: object): string {
  return JSON.stringify(line).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
