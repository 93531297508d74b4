import { createHash } from 'node:crypto'
import { isUnavailable, Problem } from '../domain/problem.ts'
import type { Database } from './database.ts'
import type { NewRows } from './new-rows.ts'

/** One change to one row: SQL with `$1 …` of its own and, where it may lose a race, the sentence for the loser. */
export interface Write {
  readonly sql: string
  readonly values: readonly unknown[]
  /** The write must change exactly one row; otherwise everything is undone and this is why. */
  readonly guard?: string
  /** Finds the row that only this very write can have made: its key is random. */
  readonly proof?: { readonly sql: string; readonly values: readonly unknown[] }
  /** Set when the write is nothing but a new row: many of them can be made at once. */
  readonly rows?: NewRows
}

const LOST = 'PT001'
const EXISTS = '23505'
const RETRIED = new Set(['40001', '40P01'])

/**
 * Makes all changes or none, in one statement and so one round trip: each write is a data-modifying `with` part,
 * and the guards are checked before the statement may end. No two writes may touch the same row. Throws Problem
 * `spent` when a guard finds that somebody else was first, `conflict` when a row of the same key is there already,
 * `unavailable` when Postgres did not answer.
 *
 * When the answer is lost on the way, the change may have been made all the same; to say that it was not would make an
 * honest retry look like a second use. So it is tried once more, and if it then seems that somebody else was first,
 * the rows that only we can have made tell whether that was us. `sentBefore`: the first try was made elsewhere.
 */
export async function commit(
  database: Database,
  writes: readonly Write[],
  sentBefore = false,
): Promise<void> {
  if (writes.length === 0) return
  let mayStand = sentBefore
  for (let attempt = 1; ; attempt += 1) {
    try {
      await commitParts(database, writes)
      return
    } catch (error) {
      const code = codeOf(error)
      if ((code === LOST || code === EXISTS) && mayStand && (await stands(database, writes))) return
      if (code === LOST) throw new Problem('spent', (error as Error).message, { cause: error })
      if (code === EXISTS)
        throw new Problem('conflict', 'Something of this name is there already.', { cause: error })
      const again = isUnavailable(error) ? !mayStand && writes.some(({ proof }) => proof) : RETRIED.has(code)
      if (!again || attempt === 3) throw error
      mayStand ||= isUnavailable(error)
    }
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' ? code : ''
}

/** Whether our own commit, whose answer was lost, was made after all. */
async function stands(database: Database, writes: readonly Write[]): Promise<boolean> {
  const proof = writes.map((write) => write.proof).find((one) => one !== undefined)
  if (proof === undefined) return false
  const rows = await database.query(nameOf(proof.sql), proof.sql, proof.values)
  return rows.length > 0
}

/** The one statement, once: throws what Postgres says, or Problem `unavailable`. */
export async function commitParts(database: Database, writes: readonly Write[]): Promise<void> {
  const { name, text, values } = statement(writes)
  await database.query(name, text, values)
}

/** The text depends on the shape of the writes only, so that Postgres prepares each shape once per connection. */
function statement(writes: readonly Write[]): { name: string; text: string; values: readonly unknown[] } {
  const values: unknown[] = []
  const parts: string[] = []
  const guards: string[] = []
  writes.forEach((write, index) => {
    const shift = values.length
    const sql = write.sql.replace(/\$(\d+)/g, (_, number) => `$${Number(number) + shift}`)
    parts.push(`w${index} as (${sql} returning 1)`)
    values.push(...write.values)
    if (write.guard !== undefined) {
      values.push(write.guard)
      guards.push(`guard((select count(*) from w${index}) = 1, $${values.length}::text)`)
    }
  })
  const text = `with ${parts.join(', ')} select ${guards.join(', ') || '1'}`
  return { name: nameOf(text), text, values }
}

const names = new Map<string, string>()

function nameOf(text: string): string {
  const known = names.get(text)
  if (known !== undefined) return known
  const name = `w-${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
  // Shapes are few (one per route and outcome); the bound only keeps a mistake from growing without end.
  if (names.size < 1_000) names.set(text, name)
  return name
}
