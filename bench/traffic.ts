import { Lane } from './lane.ts'
import type { Measured, Recipe } from './recipe.ts'

/** Requests made ahead; those with an assertion are good for one sending each. */
export interface Stock {
  readonly recipe: Recipe
  readonly requests: readonly Buffer[]
}

/** Connections are opened before the clock starts and closed after it stops. */
async function onLanes<Result>(
  { recipe }: Stock,
  connections: number,
  work: (lanes: readonly Lane[]) => Promise<Result>,
): Promise<Result> {
  const lanes = await Promise.all(
    Array.from({ length: connections }, () => Lane.open(new URL(recipe.url), recipe.ca, recipe.certificate)),
  )
  try {
    return await work(lanes)
  } finally {
    for (const lane of lanes) lane.close()
  }
}

/** Gives each request once where it carries an assertion, over and over where it does not. */
function supply({ recipe, requests }: Stock): () => Buffer | undefined {
  let next = 0
  return () => {
    const index = next
    next += 1
    return recipe.assertion ? requests[index] : requests[index % requests.length]
  }
}

/** Closed loop: every connection asks again as soon as it is answered, for so many seconds or until the stock ends. */
export function saturate(stock: Stock, connections: number, seconds: number): Promise<Measured> {
  return onLanes(stock, connections, async (lanes) => {
    const take = supply(stock)
    const started = performance.now()
    const until = started + seconds * 1000
    let answered = 0
    const drive = async (lane: Lane): Promise<void> => {
      while (performance.now() < until) {
        const request = take()
        if (request === undefined) return
        const answer = await new Promise<string>((resolve, reject) => lane.send(request, resolve, reject))
        if (!isGood(answer, stock)) throw new Error(`an answer was: ${said(answer)}`)
        answered += 1
      }
    }
    await Promise.all(lanes.map(drive))
    return { answered, elapsedMs: performance.now() - started, latenciesMs: [] }
  })
}

/**
 * Open loop: requests are due at moments that were drawn before (a Poisson process of this rate) and do not wait for
 * each other; who finds all connections busy waits in line, and that wait counts (no coordinated omission).
 */
export function arrive(
  stock: Stock,
  connections: number,
  { rate, seconds }: { readonly rate: number; readonly seconds: number },
): Promise<Measured> {
  return onLanes(stock, connections, (lanes) => {
    const due = schedule(rate, seconds)
    const take = supply(stock)
    const free = [...lanes]
    const latenciesMs: number[] = []
    let begun = 0
    return new Promise<Measured>((resolve, reject) => {
      const started = performance.now()
      const fail = (fault: Error): void => {
        clearInterval(clock)
        reject(fault)
      }
      const begin = (): void => {
        const elapsed = performance.now() - started
        for (let lane = free.at(-1); lane !== undefined; lane = free.at(-1)) {
          const moment = due[begun]
          const request = moment !== undefined && moment <= elapsed ? take() : undefined
          if (moment === undefined || request === undefined) return
          begun += 1
          free.pop()
          ask(lane, request, started + moment)
        }
      }
      const ask = (lane: Lane, request: Buffer, at: number): void =>
        lane.send(
          request,
          (answer) => {
            if (!isGood(answer, stock)) fail(new Error(`an answer was: ${said(answer)}`))
            latenciesMs.push(performance.now() - at)
            free.push(lane)
            if (latenciesMs.length === due.length) {
              clearInterval(clock)
              resolve({ answered: due.length, elapsedMs: performance.now() - started, latenciesMs })
            } else begin()
          },
          fail,
        )
      // The clock's grain is a millisecond: arrivals begin that much late at most, and it is counted.
      const clock = setInterval(begin, 1)
    })
  })
}

/** Moments in milliseconds from the start, drawn from a fixed seed: every server meets the same arrivals. */
export function schedule(rate: number, seconds: number): readonly number[] {
  const moments: number[] = []
  const random = generator(20_260_101)
  for (let at = 0; ; ) {
    at += (-Math.log(1 - random()) / rate) * 1000
    if (at >= seconds * 1000) return moments.length === 0 ? [0] : moments
    moments.push(at)
  }
}

/** Numbers in [0, 1) by a 32-bit multiply-and-shift generator (mulberry32): the same ones in every run. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function isGood(answer: string, { recipe }: Stock): boolean {
  return answer.startsWith('HTTP/1.1 200') && answer.includes(recipe.expect)
}

/** Status and error of an answer, and nothing of a token. */
function said(answer: string): string {
  return `${answer.slice(9, 12)} ${/"error[^}]*/.exec(answer)?.[0] ?? ''}`
}
