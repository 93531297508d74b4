import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes, randomInt, randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type App, type Overrides, openApp } from '../../src/app.ts'
import { type Config, readSecrets, secretFiles } from '../../src/config.ts'
import { generateLocalKeys } from '../../src/keys/local-keys.ts'
import { openPasswordHasher } from '../../src/sca/password-hasher.ts'
import { newTotpSecret } from '../../src/sca/totp.ts'
import { Browser } from './browser.ts'
import { Customer } from './customer.ts'
import type { RegisterOptions } from './newcomer.ts'
import { openTestAuthority, type TestAuthority } from './pki.ts'
import { freshDatabase } from './run.ts'
import { openTestDirectory, type TestDirectory } from './test-directory.ts'
import { ThirdParty } from './third-party.ts'
import { openTransport, type Transport } from './transport.ts'

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

export interface HouseOptions {
  /**
   * 0: the application runs in the test's own process, with `overrides`. Otherwise so many programs of their own on
   * one Postgres, behind one issuer.
   */
  readonly processes?: number
  /** For the application in the test's own process. */
  readonly overrides?: Overrides
  /** Laid over the configuration of every process; `authority` made the certificates that all of them trust. */
  readonly config?: Partial<Config> | ((authority: TestAuthority) => Promise<Partial<Config>>)
  /** A migrated database, instead of a fresh one on this run's Postgres. */
  readonly databaseUrl?: string
  /**
   * What Node is given to run a process of its own, before the name of its configuration's file: by default our
   * program with a clock that can be moved.
   */
  readonly program?: readonly string[]
}

/** One process of Postern. `via` and `viaGateway` are for requests that are to reach this one. */
export interface HouseProcess {
  readonly via: string
  readonly viaGateway: string
  /** SIGKILL: as if the power had failed. */
  kill(): Promise<void>
  /** SIGTERM and a clean end. */
  stop(): Promise<void>
  /** Starts it (again), on the same ports. */
  start(): Promise<void>
  /** Moves this process's clock ahead, from now on. */
  moveClock(seconds: number): Promise<void>
  /** What it has logged, as text. */
  readonly logged: () => string
  /** Its process id; undefined while it does not run. */
  readonly pid: () => number | undefined
}

/** A bank in production's shape on this machine: https issuer, own CA, own directory, the demo's core systems. */
export interface House {
  readonly issuer: string
  readonly gateway: string
  readonly authority: TestAuthority
  readonly directory: TestDirectory
  readonly transport: Transport
  readonly databaseUrl: string
  readonly config: Config
  readonly processes: readonly HouseProcess[]
  /** A registered third party. */
  register(options?: Partial<RegisterOptions>): Promise<ThirdParty>
  /** A customer nobody has used, with three accounts at the bank. */
  customer(bankCustomerId?: string): Promise<Customer>
  browser(): Browser
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<readonly Row[]>
  close(): Promise<void>
}

export async function openHouse(options: HouseOptions = {}): Promise<House> {
  const opened: (() => Promise<unknown>)[] = []
  try {
    return await open(options, opened)
  } catch (error) {
    // What was started before the failure would keep the test run from ending.
    for (const close of opened.reverse()) await close().catch(() => undefined)
    throw error
  }
}

async function open(options: HouseOptions, opened: (() => Promise<unknown>)[]): Promise<House> {
  const { processes: count = 0 } = options
  const folder = await mkdtemp(join(tmpdir(), 'postern-house-'))
  const authority = await openTestAuthority()
  const directory = await openTestDirectory({ authority })
  const bank = await startBank(folder, authority)
  opened.push(bank.close, directory.close)
  const databaseUrl = options.databaseUrl ?? (await freshDatabase())
  const more = typeof options.config === 'function' ? await options.config(authority) : options.config
  const secretsDir = await makeSecrets(folder)
  const signingKeysFile = join(folder, 'signing-keys.pem')
  await generateLocalKeys(signingKeysFile)
  const listeners = await authority.server(['auth.postern.test', 'mtls.postern.test', 'api.postern.test'])
  const bankClient = await authority.client({ commonName: 'postern' })
  const ports = await freePorts(4 * Math.max(1, count))

  const configOf = (index: number): Config => {
    const [browser = 0, certificate = 0, gateway = 0] = ports
    const mine = ports.slice(index * 4)
    const tls = { cert: listeners.certificate, key: listeners.key }
    const at = (offset: number) => ({ host: '127.0.0.1', port: mine[offset] ?? 0 })
    const issuer = `https://auth.postern.test:${browser}`
    return {
      role: 'all',
      demo: false,
      issuer,
      browser: { ...at(0), url: issuer, tls },
      certificate: { ...at(1), url: `https://mtls.postern.test:${certificate}`, tls },
      gateway: { ...at(2), url: `https://api.postern.test:${gateway}`, tls },
      operations: at(3),
      database: { url: databaseUrl, poolSize: 8, acquireTimeoutMs: 1_000, statementTimeoutMs: 2_000 },
      bank: {
        url: bank.url,
        tls: { ca: authority.certificate, cert: bankClient.certificate, key: bankClient.key },
      },
      directory: { issuer: directory.url, jwksUrl: `${directory.url}/jwks` },
      fetchExemptions: [new URL(directory.url).origin],
      keys: { in: 'local', file: signingKeysFile },
      secretsDir,
      accessTokenSeconds: 300,
      brand: {
        bankName: 'Meridian Bank',
        domain: new URL(issuer).host,
        helpPhone: '0800 555 0199',
        helpHours: 'every day 7:00 to 23:00',
      },
      logLevel: 'info',
      ...more,
    }
  }
  const config = configOf(0)
  const processes =
    count === 0
      ? [inThisProcess(config, options.overrides ?? {})]
      : Array.from({ length: count }, (_, index) => ofItsOwn(configOf(index), folder, index, options.program))
  for (const one of processes) {
    opened.push(one.stop)
    await one.start()
  }

  const transport = openTransport({ ca: authority.certificate })
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 })
  pool.on('error', () => undefined)
  const sql = async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []) =>
    (await pool.query<Row>(text, values)).rows

  return {
    issuer: config.issuer,
    gateway: config.gateway.url,
    authority,
    directory,
    transport,
    databaseUrl,
    config,
    processes,
    register: (more = {}) =>
      ThirdParty.register({
        transport,
        issuer: config.issuer,
        directory: directory.url,
        gateway: config.gateway.url,
        ...more,
      }),
    customer: (bankCustomerId = `fresh-${randomBytes(6).toString('hex')}`) =>
      addCustomer(sql, bankCustomerId),
    browser: () => new Browser({ transport }),
    sql,
    close: async () => {
      for (const one of processes) await one.stop()
      transport.close()
      await pool.end()
      await Promise.all([directory.close(), bank.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function inThisProcess(config: Config, overrides: Overrides): HouseProcess {
  const lines: string[] = []
  let app: App | undefined
  const stop = async (): Promise<void> => {
    await app?.close()
    app = undefined
  }
  return {
    ...vias(config),
    start: async () => {
      app = await openApp(config, readSecrets(config.secretsDir), {
        write: (line) => void lines.push(line),
        ...overrides,
      })
      await app.start()
    },
    stop,
    kill: async () => {
      throw new Error('the test would not survive it: ask openHouse for processes')
    },
    moveClock: async () => {
      throw new Error('ask openHouse for processes')
    },
    logged: () => lines.join('\n'),
    pid: () => process.pid,
  }
}

const withMovableClock = ['--import', here('shifted-clock.ts'), here('house-process.ts')]

function ofItsOwn(
  config: Config,
  folder: string,
  index: number,
  program: readonly string[] = withMovableClock,
): HouseProcess {
  const configFile = join(folder, `process-${index}.json`)
  const clockFile = join(folder, `clock-${index}`)
  const lines: string[] = []
  let child: ChildProcess | undefined
  const end = (signal: NodeJS.Signals) => async (): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise((resolve) => ending.once('exit', resolve))
    ending.kill(signal)
    await ended
  }
  return {
    ...vias(config),
    start: async () => {
      await writeFile(configFile, JSON.stringify(config))
      const started = spawn(process.execPath, [...program, configFile], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { PATH: process.env.PATH ?? '', CLOCK_FILE: clockFile },
      })
      child = started
      createInterface({ input: started.stderr }).on('line', (line) => lines.push(line))
      await ready(started, lines)
    },
    stop: end('SIGTERM'),
    kill: end('SIGKILL'),
    moveClock: async (seconds) => {
      await writeFile(clockFile, String(seconds * 1000))
      await new Promise((resolve) => setTimeout(resolve, 100))
    },
    logged: () => lines.join('\n'),
    pid: () => child?.pid,
  }
}

function vias(config: Config): Pick<HouseProcess, 'via' | 'viaGateway'> {
  return {
    via: `https://127.0.0.1:${config.browser.port}`,
    viaGateway: `https://127.0.0.1:${config.gateway.port}`,
  }
}

function ready(child: ChildProcess, complaints: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('exit', () =>
      reject(new Error(`a process did not start: ${complaints.slice(-12).join('\n')}`)),
    )
    child.stdout?.once('data', () => resolve())
  })
}

/** The demo's core banking systems, as a program of its own that we only speak to over its port. */
async function startBank(
  folder: string,
  authority: TestAuthority,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const pair = await authority.server(['localhost'])
  const files = { cert: join(folder, 'bank.pem'), key: join(folder, 'bank.key'), ca: join(folder, 'ca.pem') }
  await Promise.all([
    writeFile(files.cert, pair.certificate),
    writeFile(files.key, pair.key),
    writeFile(files.ca, authority.certificate),
  ])
  const child = spawn(process.execPath, [here('../../src/sandbox/bank/main.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      PORT: '0',
      TLS_CERT_FILE: files.cert,
      TLS_KEY_FILE: files.key,
      CLIENT_CA_FILE: files.ca,
    },
  })
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the demo bank did not start')))
    createInterface({ input: child.stdout }).once('line', (line) => resolve(String(JSON.parse(line).url)))
  })
  return {
    url,
    close: async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function makeSecrets(folder: string): Promise<string> {
  for (const name of secretFiles)
    await writeFile(join(folder, name), `${randomBytes(32).toString('base64url')}\n`)
  return folder
}

const hasher = openPasswordHasher()

async function addCustomer(sql: House['sql'], bankCustomerId: string): Promise<Customer> {
  const facts = {
    customerNumber: String(randomInt(1_000_000_000, 9_999_999_999)),
    password: randomBytes(12).toString('base64url'),
    totpSecret: newTotpSecret(),
    name: 'Test Customer',
  }
  await sql(
    `insert into customer (id, customer_number, bank_customer_id, name, password_hash, totp_secret, added_at)
      values ($1, $2, $3, $4, $5, $6, now())`,
    [
      randomUUID(),
      facts.customerNumber,
      bankCustomerId,
      facts.name,
      await hasher.hash(facts.password),
      facts.totpSecret,
    ],
  )
  return new Customer(facts)
}

/** Ports that nobody used a moment ago; they have to be known before anything listens, because the issuer names one. */
async function freePorts(count: number): Promise<readonly number[]> {
  const probes = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    probes.map(
      (probe) =>
        new Promise<number>((resolve) => {
          probe.listen(0, '127.0.0.1', () => resolve((probe.address() as { port: number }).port))
        }),
    ),
  )
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  return ports
}

/** SHA-256 of a token, as the store keeps it. */
export function storedKey(value: string): Buffer {
  return createHash('sha256').update(value).digest()
}
