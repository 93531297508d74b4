/** An answer that gives no data: thrown anywhere behind the door, put into HTTP by the door alone. */
export class Refusal extends Error {
  readonly status: number
  readonly error: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether the answer says how to authenticate: `bare` without an error code (RFC 6750 §3.1). */
  readonly challenge: 'none' | 'bare' | 'error'

  /** `error` is the code and `description` the sentence of the answer's body; neither holds what was sent. */
  constructor(
    status: number,
    error: string,
    description: string,
    more: { readonly headers?: Readonly<Record<string, string>>; readonly challenge?: 'bare' | 'error' } = {},
  ) {
    super(description)
    this.status = status
    this.error = error
    this.headers = more.headers ?? {}
    this.challenge = more.challenge ?? 'none'
  }
}
