import { Problem } from '../domain/problem.ts'
import type { Check } from '../operations/doctor.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { migrate } from '../store/migrate.ts'

/** PostgreSQL 15.0, as the server numbers itself. */
const OLDEST = 150_000
/** Clocks further apart make codes, proofs and tokens fail that are good. Seconds. */
const MOST_SKEW = 2

/** Whether Postgres answers, is the writer, has our schema and tells the same time. */
export function databaseChecks(
  url: string,
  now: () => Date,
): { readonly checks: readonly Check[]; close(): Promise<void> } {
  const database = openDatabase({ url, poolSize: 2, acquireTimeoutMs: 5_000, statementTimeoutMs: 5_000 })
  return {
    close: () => database.close(),
    checks: [
      {
        name: 'Database',
        examine: () => reach(database),
        fix: 'Start PostgreSQL 15 or newer and check DATABASE_URL: it must lead to the writer.',
      },
      { name: 'Migrations', examine: () => schema(url), fix: 'Run `postern migrate`.' },
      {
        name: 'Clock',
        examine: () => skew(database, now),
        fix: 'Let this machine and the database follow the same time servers (NTP).',
      },
    ],
  }
}

async function reach(database: Database): Promise<string> {
  const started = performance.now()
  const [server] = await database.query<{ number: string; version: string; replica: boolean }>(
    'doctor-server',
    `select current_setting('server_version_num') as number, current_setting('server_version') as version,
      pg_is_in_recovery() as replica`,
    [],
  )
  const ms = Math.round(performance.now() - started)
  if (server === undefined) throw new Problem('unavailable', 'The database gave no answer.')
  if (Number(server.number) < OLDEST)
    throw new Problem('wrong-state', `PostgreSQL ${server.version} is too old.`)
  if (server.replica) throw new Problem('wrong-state', 'This is a read-only replica.')
  return `PostgreSQL ${server.version} answers (${ms} ms)`
}

async function schema(url: string): Promise<string> {
  const { pending } = await migrate(url, { plan: true })
  if (pending.length > 0) throw new Problem('wrong-state', `Missing: ${pending.join(', ')}.`)
  return 'the schema is up to date'
}

async function skew(database: Database, now: () => Date): Promise<string> {
  const before = now().getTime()
  const [row] = await database.query<{ at: Date }>('doctor-clock', 'select clock_timestamp() as at', [])
  const after = now().getTime()
  const seconds = ((row?.at.getTime() ?? 0) - (before + after) / 2) / 1000
  const apart = `${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? 'behind' : 'ahead'}`
  if (Math.abs(seconds) > MOST_SKEW)
    throw new Problem('wrong-state', `The database's clock is ${apart} of this machine's.`)
  return "this machine's and the database's agree"
}
