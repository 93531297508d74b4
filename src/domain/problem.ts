/**
 * The codes by which one part of the house tells another what went wrong. Only an edge knows what they mean in
 * HTTP: one function per edge turns a Problem into an OAuth error, a JSON answer or a page.
 */
export type ProblemCode =
  | 'invalid-request'
  | 'invalid-authorization-details'
  | 'invalid-software-statement'
  | 'unapproved-software-statement'
  | 'invalid-redirect-uri'
  | 'invalid-client-metadata'
  | 'wrong-state'
  | 'not-found'
  | 'conflict'
  | 'spent'
  | 'unavailable'

/**
 * An expected refusal: a code for the caller, a sentence for a person. What is thrown and is not a Problem is our
 * own bug: outside it reads as a constant sentence with a reference, inside it is logged whole.
 */
export class Problem extends Error {
  readonly code: ProblemCode

  constructor(code: ProblemCode, sentence: string, options?: { readonly cause?: unknown }) {
    super(sentence, options)
    this.name = 'Problem'
    this.code = code
  }
}

/** True when a part we depend on (Postgres, KMS, bank, directory) did not answer: a retry may succeed. */
export function isUnavailable(error: unknown): boolean {
  return error instanceof Problem && error.code === 'unavailable'
}
