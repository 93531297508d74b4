import type { Json, JsonObject } from '../domain/third-party.ts'

/** The text is no JSON that this house reads; the message says why and repeats nothing of it. */
export class JsonRefused extends Error {
  override readonly name = 'JsonRefused'
}

/** How deep arrays and objects may lie in each other. */
const MAX_DEPTH = 20

/** One string, or one character that opens, closes or separates. In valid JSON nothing else can contain these. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]/g

/**
 * Parses UTF-8 JSON. Throws {@link JsonRefused} when it is malformed, lies deeper than 20, says a member twice, or
 * names a member `__proto__`: readers disagree about what such texts mean, so that a check here would prove nothing.
 */
export function parseJson(bytes: Uint8Array): Json {
  const text = decode(bytes)
  const value = parse(text)
  checkMembers(text)
  return value
}

/** True for a JSON object; arrays and null are not. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new JsonRefused('it is not UTF-8', { cause })
  }
}

function parse(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, so it is not kept as the cause.
    throw new JsonRefused('it is not well-formed JSON')
  }
}

/** Walks the tokens of a text that is known to be valid JSON; `open` holds the names seen in each open object. */
function checkMembers(text: string): void {
  const open: (Set<string> | undefined)[] = []
  let string = ''
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith('"')) string = token
    else if (token === ':') addMember(open.at(-1), string)
    else if (token === '}' || token === ']') open.pop()
    else if (token !== ',' && open.push(token === '{' ? new Set() : undefined) > MAX_DEPTH)
      throw new JsonRefused(`it is nested deeper than ${MAX_DEPTH}`)
  }
}

function addMember(names: Set<string> | undefined, token: string): void {
  // Unescaped first: "a" and "\u0061" are the same name. The token is a JSON string, so a string comes out.
  const name = JSON.parse(token) as string
  if (name === '__proto__') throw new JsonRefused('a member has a forbidden name')
  if (names?.has(name)) throw new JsonRefused('a member is there twice')
  names?.add(name)
}
