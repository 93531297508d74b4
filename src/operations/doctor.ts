import { Problem } from '../domain/problem.ts'
import { redact } from './redact.ts'

/** One thing that must be in order for Postern to work. */
export interface Check {
  readonly name: string
  /** Resolves to what was found in good order, in a few words; throws what is wrong. */
  examine(): Promise<string>
  /** What to do when it is not, in one line. */
  readonly fix: string
}

export interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  /** Only where something is wrong. */
  readonly fix?: string
}

/** Milliseconds for one check. */
const CHECK_MS = 10_000

/** Asks one check after the other, in the given order, and every one of them, whatever the others found. */
export async function examine(checks: readonly Check[]): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const check of checks) findings.push(await examineOne(check))
  return findings
}

/** A line per finding, and one more for what to do where something is wrong; for a person's eyes. */
export function renderFindings(findings: readonly Finding[]): string {
  const lines = findings.flatMap(({ name, ok, detail, fix }) => [
    `${ok ? '✔' : '✘'} ${name}: ${oneLine(detail)}`,
    ...(fix === undefined ? [] : [`    → ${fix}`]),
  ])
  const wrong = findings.filter(({ ok }) => !ok).length
  const verdict = wrong === 0 ? 'Everything is in order.' : `${wrong} of ${findings.length} need attention.`
  return [...lines, '', verdict].join('\n')
}

/** The same as one JSON document. */
export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ok: findings.every(({ ok }) => ok), findings }, null, 2)
}

async function examineOne({ name, fix, examine: ask }: Check): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Problem('unavailable', 'No answer within 10 seconds.')), CHECK_MS)
    })
    return { name, ok: true, detail: await Promise.race([ask(), late]) }
  } catch (error) {
    return { name, ok: false, detail: sentence(error), fix }
  } finally {
    clearTimeout(timer)
  }
}

/** The operator may read a driver's own words; secrets in them may not reach a terminal that is being recorded. */
function sentence(error: unknown): string {
  const message = error instanceof Error ? error.message || error.name : 'failed'
  return error instanceof Problem ? message : redact(message)
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
