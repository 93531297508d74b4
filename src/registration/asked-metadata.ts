import { Problem } from '../domain/problem.ts'
import type { Json, JsonObject } from '../domain/third-party.ts'

/** What a third party wrote into its request. Each reader throws Problem `invalid-client-metadata`. */
export interface AskedMetadata {
  /** The value; undefined when absent or null, which RFC 7591 §2 treats alike. */
  value(name: string): Json | undefined
  /** One of `allowed`; the first when nothing was asked. */
  oneOf<T extends Json>(name: string, allowed: readonly [T, ...T[]]): T
  /** One of `allowed`, or undefined when nothing was asked. */
  maybeOneOf<T extends Json>(name: string, allowed: readonly T[]): T | undefined
  /** Some of `allowed`, in their order; `otherwise` when nothing was asked. */
  someOf(name: string, allowed: readonly string[], otherwise: readonly string[]): readonly string[]
  /** The same for a space-separated text. */
  wordsOf(name: string, allowed: readonly string[]): readonly string[]
}

/** Reads own members only: a request cannot reach what every object inherits. */
export function readAsked(body: JsonObject): AskedMetadata {
  function value(name: string): Json | undefined {
    return Object.hasOwn(body, name) ? (body[name] ?? undefined) : undefined
  }

  function maybeOneOf<T extends Json>(name: string, allowed: readonly T[]): T | undefined {
    const asked = value(name)
    if (asked === undefined) return undefined
    const found = allowed.find((item) => item === asked)
    if (found === undefined) throw invalidMetadata(`${name} must be ${allowed.join(' or ')}`)
    return found
  }

  function someOf(name: string, allowed: readonly string[], otherwise: readonly string[]): readonly string[] {
    const asked = value(name)
    if (asked === undefined) return otherwise
    if (!Array.isArray(asked) || asked.length === 0) throw invalidMetadata(`${name} must be a list of texts`)
    return subset(name, asked, allowed)
  }

  function wordsOf(name: string, allowed: readonly string[]): readonly string[] {
    const asked = value(name)
    if (asked === undefined) return allowed
    if (typeof asked !== 'string' || asked === '')
      throw invalidMetadata(`${name} must be words with spaces between`)
    return subset(name, asked.split(' '), allowed)
  }

  return {
    value,
    oneOf: (name, allowed) => maybeOneOf(name, allowed) ?? allowed[0],
    maybeOneOf,
    someOf,
    wordsOf,
  }
}

function subset(name: string, asked: readonly Json[], allowed: readonly string[]): readonly string[] {
  if (!asked.every((item) => typeof item === 'string' && allowed.includes(item)))
    throw invalidMetadata(
      `${name} may hold ${allowed.join(', ') || 'nothing for these roles'}, and nothing else`,
    )
  return allowed.filter((item) => asked.includes(item))
}

/** A refusal of what was asked, with a sentence that repeats none of it. */
export function invalidMetadata(sentence: string, cause?: unknown): Problem {
  return new Problem('invalid-client-metadata', `${sentence}.`, cause === undefined ? {} : { cause })
}
