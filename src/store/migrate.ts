import { readdir, readFile } from 'node:fs/promises'
import pg from 'pg'
import { Problem } from '../domain/problem.ts'
import { answering } from './database.ts'

const folder = new URL('../../migrations/', import.meta.url)
// Any number that nobody else uses as an advisory lock in this database.
const LOCK = 7_041_776

/** One file of `migrations/`, in order of its number. */
interface Migration {
  readonly name: string
  readonly sql: string
}

/** What {@link migrate} did, or would do. */
export interface MigrationReport {
  readonly applied: readonly string[]
  readonly pending: readonly string[]
}

/**
 * Brings the schema up to date, each migration in a transaction of its own with its bookkeeping, so that a kill
 * leaves either all of it or nothing. Two processes at once: the second waits, then finds nothing to do. Throws
 * Problem `wrong-state` when the database knows a migration that this version does not.
 */
export async function migrate(
  url: string,
  options: { readonly plan?: boolean } = {},
): Promise<MigrationReport> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  // A connection that is cut also says so to whoever asks; unheard, that would end the process without a word.
  client.on('error', () => undefined)
  await answering(() => client.connect())
  try {
    // Who only looks needs no right to create anything: the serving role has none.
    if (!options.plan) await makeReady(client)
    const done = await appliedNames(client)
    const all = await migrationFiles()
    refuseNewerSchema(done, all)
    const pending = all.filter(({ name }) => !done.has(name))
    if (options.plan) return { applied: [], pending: pending.map(({ name }) => name) }
    for (const migration of pending) await apply(client, migration)
    return { applied: pending.map(({ name }) => name), pending: [] }
  } finally {
    await client.end()
  }
}

async function makeReady(client: pg.Client): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK])
  await client.query(
    'create table if not exists migration (name text primary key, applied_at timestamptz not null)',
  )
}

async function apply(client: pg.Client, { name, sql }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query("set local lock_timeout = '1s'")
    await client.query(sql)
    await client.query('insert into migration (name, applied_at) values ($1, now())', [name])
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw new Problem('conflict', `Migration ${name} failed and was undone.`, { cause: error })
  }
}

async function appliedNames(client: pg.Client): Promise<ReadonlySet<string>> {
  const { rows: tables } = await client.query<{ name: string | null }>(
    "select to_regclass('migration') as name",
  )
  if (tables[0]?.name == null) return new Set()
  const { rows } = await client.query<{ name: string }>('select name from migration')
  return new Set(rows.map(({ name }) => name))
}

async function migrationFiles(): Promise<readonly Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), 'utf8') })),
  )
}

function refuseNewerSchema(done: ReadonlySet<string>, all: readonly Migration[]): void {
  const known = new Set(all.map(({ name }) => name))
  const unknown = [...done].find((name) => !known.has(name))
  if (unknown !== undefined)
    throw new Problem(
      'wrong-state',
      `The database was migrated by a newer Postern (it has ${unknown}). Run that version, or restore a backup.`,
    )
}
