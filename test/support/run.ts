import { randomBytes } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { migrate } from '../../src/store/migrate.ts'

/** The one Postgres of this run. */
interface Running {
  readonly server: EmbeddedPostgres
  /** Clones databases, and stays connected to none that is cloned. */
  readonly admin: pg.Client
  /** Where the server keeps its data, by its own account. */
  readonly data: string
  /** Folders that are gone when the run is over. */
  readonly folders: readonly string[]
}

let running: Promise<Running> | undefined

/**
 * The URL of a migrated database without rows, for the caller alone: a clone (some 50 ms) on the one embedded
 * Postgres of this run, which starts at the first call. Nobody has to drop it: it goes with the server at the end.
 */
export async function freshDatabase(): Promise<string> {
  running ??= startServer()
  const { server, admin } = await running
  const name = `test_${randomBytes(6).toString('hex')}`
  await admin.query(`create database ${name} template postern`)
  return new URL(`/${name}`, server.url).href
}

/** What mocha calls around the whole run (`require` in .mocharc.json). */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    // A server that did not start has failed the tests that wanted it; there is nothing to end.
    const started = await running?.catch(() => undefined)
    running = undefined
    if (started === undefined) return
    const { server, admin, folders } = started
    await admin.end()
    await server.stop()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  },
}

async function startServer(): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-test-'))
  // As root, Postgres runs as another user, which has to get to its data; that folder is closed itself.
  await chmod(folder, 0o755)
  const server = await startEmbeddedPostgres(folder, { durable: false }).catch(async (error) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  await migrate(server.url)
  const admin = new pg.Client({ connectionString: new URL('/postgres', server.url).href })
  await admin.connect()
  const { rows } = await admin.query<{ data: string }>("select current_setting('data_directory') as data")
  const data = rows[0]?.data ?? join(folder, 'data')
  const started = { server, admin, data, folders: [folder, dirname(data)] }
  endWithThisProcess(started)
  return started
}

/** A run that is cut short (Ctrl-C, an exit in a test) must not leave a server behind: it is not our child. */
function endWithThisProcess({ data, folders }: Running): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
  process.once('exit', () => {
    if (running === undefined) return
    const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    // SIGQUIT: immediate shutdown. The data is thrown away, so it may end in any state.
    process.kill(Number(pid), 'SIGQUIT')
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
}
