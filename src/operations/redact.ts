/**
 * What looks like a secret in a composed text: what follows a question mark in an address, a JWT and its parts, PEM,
 * and runs of digits as account and customer numbers have them. Ids with hyphens (UUIDs) stay readable.
 */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]{1,40}-----[^-]*(?:-----END [^-]{1,40}-----)?/g, '[pem]'],
  [/\?[^\s"'<>)]+/g, '?[query]'],
  [/[\w-]{40,}={0,2}/g, '[secret]'],
  [/eyJ[\w-]+/g, '[secret]'],
  [/\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b/g, '[number]'],
  [/\d{8,}/g, '[number]'],
]

/** Replaces what looks like a secret. A net below the rule that none is composed into a text, not instead of it. */
export function redact(value: string): string {
  return SECRETS.reduce((text, [pattern, word]) => text.replace(pattern, word), value)
}
