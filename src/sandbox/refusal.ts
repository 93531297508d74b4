/** An expected refusal of a sandbox process: an HTTP status, a code for the caller's program, a sentence for its author. */
export class Refusal extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, sentence: string) {
    super(sentence)
    this.status = status
    this.code = code
  }
}

/** What to answer for anything that was thrown: our own mistakes are written to stderr and say nothing outside. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
  return new Refusal(500, 'server_error', 'Something went wrong here. Please try again.')
}
