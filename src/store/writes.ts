import { createHash } from 'node:crypto'
import { Problem } from '../domain/problem.ts'
import type { Database } from './database.ts'
import type { NewRows } from './new-rows.ts'

/** One change to one row: SQL with `$1 …` of its own and, where it may lose a race, the sentence for the loser. */
export interface Write {
  readonly sql: string
  readonly values: readonly unknown[]
  /** The write must change exactly one row; otherwise everything is undone and this is why. */
  readonly guard?: string
  /** Set when the write is nothing but a new row: many of them can be made at once. */
  readonly rows?: NewRows
}

const LOST = 'PT001'
const RETRIED = new Set(['40001', '40P01'])

/**
 * Makes all changes or none, in one statement and so one round trip: each write is a data-modifying `with` part,
 * and the guards are checked before the statement may end. No two writes may touch the same row. Throws Problem
 * `spent` when a guard finds that somebody else was first, `unavailable` when Postgres did not answer.
 */
export async function commit(database: Database, writes: readonly Write[]): Promise<void> {
  if (writes.length === 0) return
  for (let attempt = 1; ; attempt += 1) {
    try {
      await commitParts(database, writes)
      return
    } catch (error) {
      const code = error instanceof Error ? (error as { code?: string }).code : undefined
      if (code === LOST) throw new Problem('spent', (error as Error).message, { cause: error })
      if (code === undefined || !RETRIED.has(code) || attempt === 3) throw error
    }
  }
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
