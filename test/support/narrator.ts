import { errorOf } from './expect-answer.ts'
import type { Answer } from './transport.ts'

/** Facts of a step, already fit to be shown. */
export type Facts = Readonly<Record<string, string | number>>

export interface Exchange {
  readonly request: string
  readonly status: number
  readonly error?: string
  readonly milliseconds: number
}

/** One step of the journey as it went. */
export interface Told {
  readonly step: number
  readonly title: string
  readonly exchanges: readonly Exchange[]
  readonly facts: Facts
  readonly ok: boolean
}

/** Tells a journey step by step: numbered, each request with its status, what matters of the answer, ✔ or ✘. */
export class Narrator {
  readonly #write: (line: string) => void
  readonly #told: Told[] = []
  #exchanges: Exchange[] = []

  constructor(write: (line: string) => void) {
    this.#write = write
  }

  get told(): readonly Told[] {
    return this.#told
  }

  /** To be called for every answer that arrives. */
  heard(answer: Answer): void {
    const error = errorOf(answer)
    this.#exchanges.push({
      request: `${answer.method} ${shownUrl(answer.url)}`,
      status: answer.status,
      ...(answer.status >= 400 && error !== undefined && { error }),
      milliseconds: Math.round(answer.milliseconds),
    })
  }

  /** Does one step and tells it, whether it succeeds or throws. `facts` picks what to show of the result. */
  async step<Result>(
    title: string,
    act: () => Promise<Result>,
    facts: (result: Result) => Facts = () => ({}),
  ): Promise<Result> {
    this.#exchanges = []
    try {
      const result = await act()
      this.#tell(title, facts(result), true)
      return result
    } catch (fault) {
      this.#tell(title, {}, false)
      throw fault
    }
  }

  #tell(title: string, facts: Facts, ok: boolean): void {
    const step = this.#told.length + 1
    const exchanges = this.#exchanges
    this.#told.push({ step, title, exchanges, facts, ok })
    this.#write(`${ok ? '✔' : '✘'} ${String(step).padStart(2)}  ${title}`)
    for (const { request, status, error, milliseconds } of exchanges)
      this.#write(`       ${request} → ${status}${error ? ` ${error}` : ''}  ${milliseconds} ms`)
    for (const [name, value] of Object.entries(facts)) this.#write(`       ${name.padEnd(22)} ${value}`)
  }
}

/** The first characters of a secret or random value. */
export function shortened(value: string): string {
  return value.length <= 12 ? value : `${value.slice(0, 6)}…`
}

/** A URL whose random parts (path segments, query values) are shortened. */
export function shownUrl(text: string): string {
  const url = new URL(text)
  const path = url.pathname.split('/').map(withoutRandom).join('/')
  const query = [...url.searchParams].map(([name, value]) => `${name}=${shortened(value)}`).join('&')
  return `${url.origin}${path}${query === '' ? '' : `?${query}`}`
}

function withoutRandom(segment: string): string {
  return /^(?=.*[\dA-Z])[A-Za-z0-9_~-]{16,}$/.test(segment) ? shortened(segment) : segment
}
