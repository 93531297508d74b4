import { isUnavailable } from '../domain/problem.ts'
import { batched } from './batched.ts'
import type { Database } from './database.ts'
import type { NewRows } from './new-rows.ts'
import { commit, commitParts, type Write } from './writes.ts'

type Unit = readonly Write[]

/**
 * Commits units of writes, each of them all or none. Units that only insert rows of their own share a statement (and
 * so a round trip and a flush to disk) when several come at once; none is answered before it is on disk. Should the
 * statement be refused, nothing of it was made, and every unit is tried by itself: no unit suffers for another.
 */
export function openSharedCommits(database: Database): (writes: Unit) => Promise<void> {
  const share = batched((units: readonly Unit[]) => commitTogether(database, units), { size: 64, queries: 2 })
  return async (writes) => {
    if (writes.length === 0 || !writes.every(({ rows }) => rows)) return commit(database, writes)
    const outcome = await share(writes)
    if (outcome.status === 'rejected') throw outcome.reason
  }
}

type Outcome = PromiseSettledResult<void>
const made: Outcome = { status: 'fulfilled', value: undefined }

async function commitTogether(database: Database, units: readonly Unit[]): Promise<readonly Outcome[]> {
  try {
    await commitParts(database, columnsOf(units.flat()))
    return units.map(() => made)
  } catch (error) {
    // Without an answer nobody knows whether it was made: each finds out for itself (writes.ts).
    const sentBefore = isUnavailable(error)
    return Promise.allSettled(units.map((unit) => commit(database, unit, sentBefore)))
  }
}

/** One write per table, whose values are its columns. */
function columnsOf(writes: readonly Write[]): readonly Write[] {
  const byTable = new Map<NewRows, Write[]>()
  for (const write of writes) {
    if (write.rows === undefined) throw new Error('only new rows are written together')
    const others = byTable.get(write.rows)
    if (others) others.push(write)
    else byTable.set(write.rows, [write])
  }
  return [...byTable]
    .toSorted(([one], [other]) => (one.table < other.table ? -1 : 1))
    .map(([rows, some]) => ({
      sql: rows.many,
      values: (some[0]?.values ?? []).map((_, column) => some.map(({ values }) => values[column])),
    }))
}
