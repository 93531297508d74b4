import type { Shown } from './shown.ts'

/** What the third party is doing, in words for a person, and the rule it follows. */
export interface Purpose {
  readonly title: string
  readonly rule: string
}

/** One step of the protocol, ready to be seen: nothing in it can be used again. */
export interface Step extends Purpose {
  readonly at: string
  readonly method: string
  /** Without its query: that is among the request's fields. */
  readonly url: string
  readonly request: { readonly headers: Shown; readonly query: Shown; readonly body?: Shown }
  readonly answer?: { readonly status: number; readonly headers: Shown; readonly body: Shown }
  /** Why there is no answer. */
  readonly failure?: string
  readonly note?: string
  readonly milliseconds: number
}

/** Older steps are forgotten, so that a page stays readable and memory bounded. */
const MOST = 60

/** The steps of one browser, oldest first; kept in memory only. */
export class Steps {
  readonly #steps: Step[] = []
  #forgotten = 0

  add(step: Step): void {
    this.#steps.push(step)
    if (this.#steps.length <= MOST) return
    this.#steps.shift()
    this.#forgotten += 1
  }

  /** Each with its number since the beginning. */
  all(): readonly (Step & { readonly number: number })[] {
    return this.#steps.map((step, index) => ({ ...step, number: this.#forgotten + index + 1 }))
  }

  clear(): void {
    this.#steps.length = 0
    this.#forgotten = 0
  }
}
