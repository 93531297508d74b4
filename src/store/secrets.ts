import { createHash } from 'node:crypto'

/** What is kept of a token, code, request URI or session id: its SHA-256. All of them hold 126 random bits or more. */
export function keyOf(value: string): Buffer {
  return createHash('sha256').update(value, 'utf8').digest()
}
