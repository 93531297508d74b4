/** A JWT taken apart for reading; its signature is left out, so that what is shown is worth nothing to a thief. */
export interface Decoded {
  readonly name: string
  readonly header: string
  readonly claims: string
}

/** One named value of a message, as it may be seen. */
export interface Field {
  readonly name: string
  readonly value: string
}

/** Fields or text with the JWTs that were in them. */
export interface Shown {
  readonly fields: readonly Field[]
  readonly text?: string
  readonly tokens: readonly Decoded[]
}

/** Longer bodies are cut: a year of transactions teaches nothing that ten do not. Characters. */
const LONGEST = 2600

/** Who has one of these can act in somebody's name: only the beginning is ever kept. */
const secrets = new Set([
  ...['access_token', 'refresh_token', 'token', 'code', 'code_verifier', 'request_uri'],
  ...['client_secret', 'registration_access_token', 'dpop-nonce', 'nonce', 'state'],
])

/** The first six characters and an ellipsis; of a URN, those after its last colon. */
function shortened(value: string): string {
  const start = value.startsWith('urn:') ? value.lastIndexOf(':') + 1 : 0
  return `${value.slice(0, start + 6)}…`
}

/** Headers, query or form parameters: secrets shortened, JWTs taken apart. */
export function shownFields(entries: Iterable<readonly [name: string, value: string]>): Shown {
  const tokens: Decoded[] = []
  const fields = [...entries].map(([name, value]) => ({ name, value: shownValue(name, value, tokens) }))
  return { fields, tokens }
}

/** A body: JSON is laid out, anything else cut short; the same care for secrets and JWTs. */
export function shownBody(text: string): Shown {
  const tokens: Decoded[] = []
  const json = parsed(text)
  if (json === undefined) return { fields: [], text: cut(shownValue('body', text, tokens)), tokens }
  return { fields: [], text: cut(layOut(walked('', json, tokens))), tokens }
}

function shownValue(name: string, value: string, tokens: Decoded[]): string {
  const scheme = name.toLowerCase() === 'authorization' ? (value.match(/^\w+ /)?.[0] ?? '') : ''
  if (scheme !== '') return scheme + shortened(value.slice(scheme.length))
  const decoded = decode(name, value)
  if (decoded !== undefined) tokens.push(decoded)
  if (decoded !== undefined || secrets.has(name.toLowerCase())) return shortened(value)
  const json = name === 'authorization_details' ? parsed(value) : undefined
  return json === undefined ? value : layOut(json)
}

function walked(name: string, value: unknown, tokens: Decoded[]): unknown {
  if (typeof value === 'string') return shownValue(name, value, tokens)
  if (Array.isArray(value)) return value.map((item) => walked(name, item, tokens))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walked(key, item, tokens)]))
}

function decode(name: string, value: string): Decoded | undefined {
  const parts = value.split('.')
  if (parts.length !== 3 || !value.startsWith('eyJ')) return undefined
  const [header, claims] = parts.map((part) => parsed(Buffer.from(part, 'base64url').toString('utf8')))
  if (header === undefined || claims === undefined) return undefined
  return { name, header: layOut(header), claims: layOut(walked('', claims, [])) }
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function layOut(value: unknown): string {
  return JSON.stringify(value, undefined, 2)
}

function cut(text: string): string {
  if (text.length <= LONGEST) return text
  return `${text.slice(0, LONGEST)}\n… ${text.length - LONGEST} characters more`
}
