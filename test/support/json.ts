import { Unexpected } from './unexpected.ts'

/** A JSON value as it travels in requests, answers and JOSE. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export type JsonObject = { readonly [name: string]: Json }

/** Members to set over a base; `undefined` leaves the member out altogether. */
export type Overrides = Readonly<Record<string, Json | undefined>>

/** The base with the overrides laid over it; members that end `undefined` are left out. */
export function merged(base: Overrides, overrides: Overrides = {}): JsonObject {
  const members = Object.entries({ ...base, ...overrides })
  return Object.fromEntries(members.filter((member): member is [string, Json] => member[1] !== undefined))
}

/** True for a JSON object, false for arrays and everything else. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Throws Unexpected, naming `where`, unless the text is a JSON object. */
export function parseObject(text: string, where: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Unexpected(where, 'a JSON object', text === '' ? 'an empty body' : `"${text.slice(0, 120)}"`)
  }
  if (!isObject(value)) throw new Unexpected(where, 'a JSON object', JSON.stringify(value).slice(0, 120))
  return value
}

/** A member that must be a text. Throws Unexpected, naming `where`, when it is not. */
export function textMember(object: JsonObject, name: string, where: string): string {
  const value = object[name]
  if (typeof value !== 'string' || value === '')
    throw new Unexpected(where, `a text as ${name}`, JSON.stringify(value) ?? 'none')
  return value
}

/** A member that must be a list of objects. Throws Unexpected, naming `where`, when it is not. */
export function objectsMember(object: JsonObject, name: string, where: string): readonly JsonObject[] {
  const value = object[name]
  if (!Array.isArray(value) || !value.every(isObject))
    throw new Unexpected(where, `a list of objects as ${name}`, JSON.stringify(value) ?? 'none')
  return value
}
