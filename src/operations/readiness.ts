import { Problem } from '../domain/problem.ts'

/** Resolves when a part is fit for work; throws a Problem whose sentence says what is wrong. */
export type ReadinessCheck = () => Promise<void>

/**
 * Asks all checks at once and resolves to what is wrong, by name; empty when the process is ready. A check that still
 * hangs from an earlier question is not started again, so that a stuck part is not buried under questions.
 */
export function openReadiness(
  checks: Readonly<Record<string, ReadinessCheck>>,
  checkMs: number,
): () => Promise<Readonly<Record<string, string>>> {
  const named = Object.entries(checks).map(([name, check]) => ({ name, check: shared(check) }))

  return async () => {
    const found = await Promise.all(
      named.map(async ({ name, check }) => ({ name, fault: await faultWithin(check(), checkMs) })),
    )
    return Object.fromEntries(
      found.flatMap(({ name, fault }) => (fault === undefined ? [] : [[name, fault] as const])),
    )
  }
}

/** One run at a time: who asks meanwhile gets the answer of the run that goes on. */
function shared(check: ReadinessCheck): () => Promise<string | undefined> {
  let running: Promise<string | undefined> | undefined
  return () => {
    running ??= faultOf(check).finally(() => {
      running = undefined
    })
    return running
  }
}

/** Only our own sentences go out: a driver's message may name hosts, users or statements. */
async function faultOf(check: ReadinessCheck): Promise<string | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    return error instanceof Problem ? error.message : 'failed; the log says why'
  }
}

function faultWithin(fault: Promise<string | undefined>, ms: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${ms} ms`), ms)
  })
  return Promise.race([fault, late]).finally(() => clearTimeout(timer))
}
