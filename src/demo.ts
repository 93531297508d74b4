import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type App, openApp } from './app.ts'
import { type Config, readSecrets, secretFiles } from './config.ts'
import { type SandboxChild, startChild } from './demo/child-process.ts'
import { type DemoCustomer, openDesk } from './demo/desk.ts'
import { type DevelopmentPki, developmentPki } from './demo/development-pki.ts'
import { choosePorts, type Ports } from './demo/ports.ts'
import { ensureSecrets } from './demo/secrets.ts'
import { generateLocalKeys } from './keys/local-keys.ts'
import { openPasswordHasher } from './sca/password-hasher.ts'
import { codeNow, newTotpSecret } from './sca/totp.ts'
import { openAuditTrail } from './store/audit.ts'
import { insertCustomer, openCredentials } from './store/customers.ts'
import { type Database, openDatabase } from './store/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './store/embedded-postgres.ts'
import { migrate } from './store/migrate.ts'
import { commit } from './store/writes.ts'

export interface DemoOptions {
  /** Empties everything the demo kept before it starts. */
  readonly reset: boolean
  /** Production's shape: an https issuer with the development CA's certificate. */
  readonly tls: boolean
  /** Use this Postgres instead of the embedded one. */
  readonly databaseUrl?: string
  readonly folder?: string
}

const BANK = 'Meridian Bank'
const wanted = {
  browser: 3000,
  thirdParty: 3001,
  desk: 3002,
  certificate: 3443,
  gateway: 3444,
  bank: 3445,
  directory: 3003,
  operations: 9464,
}

/** The people of the play (sandbox/bank knows their accounts). Throw-away passwords, printed for everybody. */
const personas = [
  { alias: 'alice', name: 'Alice Archer', number: '1000000001' },
  { alias: 'bob', name: 'Bob Baker', number: '1000000002' },
  { alias: 'carol', name: 'Carol Carter', number: '1000000003' },
  { alias: 'dave', name: 'Dave Dyer', number: '1000000004' },
  { alias: 'erin', name: 'Erin Eaton', number: '1000000005' },
  { alias: 'frank', name: 'Frank Fisher', number: '1000000006' },
  { alias: 'slow', name: 'Sam Slow', number: '1000000007' },
  { alias: 'down', name: 'Dora Down', number: '1000000008' },
] as const

/** Everything on one machine: Postgres, the authority, the gateway, and the sandbox as programs of its own. */
export async function runDemo(
  options: DemoOptions,
  say: (line: string) => void,
): Promise<{ close(): Promise<void> }> {
  const folder = resolve(options.folder ?? '.postern/demo')
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer().catch(() => undefined)
  }
  try {
    await startAll(options, folder, say, closers)
    return { close }
  } catch (error) {
    await close()
    throw error
  }
}

async function startAll(
  options: DemoOptions,
  folder: string,
  say: (line: string) => void,
  closers: (() => Promise<void>)[],
): Promise<void> {
  const started = performance.now()
  const lap = lapTimer()
  const done = (what: string) => say(`✔ ${what.padEnd(68)} ${lap()} s`)
  say(`${BANK} demo · Postern`)
  if (options.reset) await empty(options, folder)
  // May be passed through, not listed: as root, Postgres runs as another user below it.
  await mkdir(folder, { recursive: true, mode: 0o711 })

  const postgres = await postgresFor(options, folder)
  closers.push(() => postgres.stop())
  for (const remark of postgres.remarks) say(`  ${remark}`)
  done(options.databaseUrl ? 'Postgres of DATABASE_URL' : 'Postgres started (embedded)')
  const { applied } = await migrate(postgres.url)
  done(applied.length > 0 ? `${applied.length} migration(s) applied` : 'Schema up to date')

  const pki = await developmentPki(join(folder, 'pki'))
  const secretsDir = join(folder, 'secrets')
  await ensureSecrets(secretsDir, secretFiles)
  const signingKeysFile = join(folder, 'signing-keys.pem')
  if (!existsSync(signingKeysFile)) await generateLocalKeys(signingKeysFile)
  done('Development CA, certificates, secrets and signing keys')

  const { ports, moved } = await choosePorts(join(folder, 'ports.json'), wanted)
  for (const line of moved) say(`  ${line}`)
  const ended = (line: string) => say(`! ${line} Stop with Ctrl-C and start again.`)
  const [bank, directory] = await Promise.all([
    startBank(ports, pki, folder, ended),
    startDirectory(ports, folder, ended),
  ])
  closers.push(bank.close, directory.close)
  done('Demo bank and demo directory')

  const config = demoConfig({
    ports,
    pki,
    options,
    bank,
    directory,
    secretsDir,
    signingKeysFile,
    url: postgres.url,
  })
  const cast = await openCast(postgres.url)
  closers.push(cast.close)
  await cast.assemble()
  const logFile = join(folder, 'postern.log')
  const app: App = await openApp(config, readSecrets(secretsDir), { write: logTo(logFile) })
  closers.push(() => app.close())
  await app.start()
  const desk = openDesk({
    port: ports.desk ?? 0,
    bankName: BANK,
    customers: cast.customers,
    freshCustomer: cast.fresh,
  })
  const deskUrl = await desk.start()
  closers.push(() => desk.close())
  done('Authority, gateway and demo desk')

  const thirdParty = await startThirdParty(config, ports, directory, pki, folder, ended)
  closers.push(thirdParty.close)
  done('Demo third party')

  const running = {
    issuer: config.issuer,
    directory: directory.url,
    gateway: config.gateway.url,
    customers: deskUrl,
    caFile: pki.caFile,
    databaseUrl: postgres.url,
    secretsDir,
    signingKeysFile,
  }
  const runningFile = join(folder, 'running.json')
  await writeFile(runningFile, `${JSON.stringify(running, undefined, 2)}\n`, { mode: 0o600 })
  closers.push(() => rm(runningFile, { force: true }))
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  for (const line of programme(config, thirdParty, deskUrl, directory, ports, logFile, seconds)) say(line)
}

function programme(
  config: Config,
  thirdParty: SandboxChild,
  deskUrl: string,
  directory: SandboxChild,
  ports: Ports,
  logFile: string,
  seconds: string,
): readonly string[] {
  return [
    '',
    `  Start here        ${thirdParty.url}   Acme Budget: connect ${BANK}`,
    `  Sign in as        alice / demo-alice   (bob, carol, dave … likewise)`,
    `  Her codes         ${deskUrl}   the authenticator apps of all demo customers`,
    `  Connected apps    ${config.issuer}/connections`,
    '',
    `  Issuer            ${config.issuer}/.well-known/openid-configuration`,
    `  With certificate  ${config.certificate.url}   (mtls_endpoint_aliases)`,
    `  Gateway           ${config.gateway.url}`,
    `  Demo directory    ${directory.url}`,
    `  Health, metrics   http://localhost:${ports.operations}/health/ready  /metrics`,
    `  Development CA    ${config.demo ? relative(join(logFile, '..', 'pki', 'ca.pem')) : ''}`,
    `  Log               ${relative(logFile)}`,
    '',
    '  Walk it by script npm run journey',
    '  Stop              Ctrl-C   ·   empty it: npm start -- --reset   ·   more: npx postern --help',
    '! Demo mode: throw-away keys and passwords, this machine only. `postern serve` refuses all of this.',
    `  Ready in ${seconds} s.`,
  ]
}

function relative(path: string): string {
  const here = `${resolve('.')}/`
  return path.startsWith(here) ? path.slice(here.length) : path
}

async function empty(options: DemoOptions, folder: string): Promise<void> {
  if (options.databaseUrl)
    throw new Error(
      '--reset empties the embedded Postgres only; empty the database of DATABASE_URL yourself.',
    )
  // A server that outlived a killed demo would go on writing into what is removed: start on top of it, then stop.
  if (existsSync(join(folder, 'postgres'))) {
    const leftover = await startEmbeddedPostgres(join(folder, 'postgres'))
    await leftover.stop()
    await leftover.remove()
  }
  await rm(folder, { recursive: true, force: true })
}

async function postgresFor(
  options: DemoOptions,
  folder: string,
): Promise<Pick<EmbeddedPostgres, 'url' | 'remarks' | 'stop'>> {
  if (options.databaseUrl) return { url: options.databaseUrl, remarks: [], stop: async () => undefined }
  return startEmbeddedPostgres(join(folder, 'postgres'))
}

function startBank(ports: Ports, pki: DevelopmentPki, folder: string, ended: (line: string) => void) {
  const file = (name: string) => join(folder, 'pki', name)
  return startChild(
    'bank',
    {
      PORT: String(ports.bank),
      TLS_CERT_FILE: file('bank.pem'),
      TLS_KEY_FILE: file('bank.key'),
      CLIENT_CA_FILE: pki.caFile,
    },
    ended,
  )
}

function startDirectory(ports: Ports, folder: string, ended: (line: string) => void) {
  return startChild(
    'directory',
    {
      PORT: String(ports.directory),
      STATE_DIR: join(folder, 'directory'),
      ISSUER: `http://localhost:${ports.directory}`,
    },
    ended,
  )
}

function startThirdParty(
  config: Config,
  ports: Ports,
  directory: SandboxChild,
  pki: DevelopmentPki,
  folder: string,
  ended: (line: string) => void,
) {
  return startChild(
    'third-party',
    {
      PORT: String(ports.thirdParty),
      PUBLIC_URL: `http://localhost:${ports.thirdParty}`,
      ISSUER: config.issuer,
      DIRECTORY_URL: directory.url,
      GATEWAY_URL: config.gateway.url,
      STATE_DIR: join(folder, 'third-party'),
      CA_FILE: pki.caFile,
    },
    ended,
  )
}

interface DemoParts {
  readonly ports: Ports
  readonly pki: DevelopmentPki
  readonly options: DemoOptions
  readonly bank: SandboxChild
  readonly directory: SandboxChild
  readonly secretsDir: string
  readonly signingKeysFile: string
  readonly url: string
}

function demoConfig({
  ports,
  pki,
  options,
  bank,
  directory,
  secretsDir,
  signingKeysFile,
  url,
}: DemoParts): Config {
  const host = '127.0.0.1'
  const at = (name: string) => ({ host, port: ports[name] ?? 0 })
  const issuer = `${options.tls ? 'https' : 'http'}://localhost:${ports.browser}`
  return {
    role: 'all',
    demo: true,
    issuer,
    browser: { ...at('browser'), url: issuer, ...(options.tls && { tls: pki.listeners }) },
    certificate: { ...at('certificate'), url: `https://localhost:${ports.certificate}`, tls: pki.listeners },
    gateway: { ...at('gateway'), url: `https://localhost:${ports.gateway}`, tls: pki.listeners },
    operations: at('operations'),
    database: { url, poolSize: 10, acquireTimeoutMs: 500, statementTimeoutMs: 1_500 },
    bank: { url: bank.url, tls: { ca: pki.ca, ...pki.bankClient } },
    directory: { issuer: `http://localhost:${ports.directory}`, jwksUrl: `${directory.url}/jwks` },
    fetchExemptions: [new URL(directory.url).origin],
    keys: { in: 'local', file: signingKeysFile },
    secretsDir,
    accessTokenSeconds: 300,
    brand: {
      bankName: BANK,
      domain: `localhost:${ports.browser}`,
      helpPhone: '0800 555 0199',
      helpHours: 'every day 7:00 to 23:00',
    },
    logLevel: 'info',
  }
}

/** The demo's customers: their sign-in details are known to everybody, which is the point of them. */
async function openCast(url: string) {
  const database: Database = openDatabase({
    url,
    poolSize: 3,
    acquireTimeoutMs: 2_000,
    statementTimeoutMs: 5_000,
  })
  const audit = await openAuditTrail(database)
  const hasher = openPasswordHasher()
  const now = () => new Date()
  const credentials = openCredentials(database, { aliases: true, now })

  async function add(person: {
    alias?: string
    name: string
    number: string
    bankCustomerId: string
    password: string
  }) {
    const id = randomUUID()
    const totpSecret = newTotpSecret()
    const customer = {
      id,
      customerNumber: person.number,
      bankCustomerId: person.bankCustomerId,
      name: person.name,
    }
    const passwordHash = await hasher.hash(person.password)
    const alias = person.alias === undefined ? {} : { alias: person.alias }
    await commit(database, [
      insertCustomer(customer, { passwordHash, totpSecret, ...alias }, now()),
      await audit.row({ type: 'customer.added', actor: 'operator', at: now(), customerId: id }),
    ])
    return { customerNumber: person.number, password: person.password, totpSecret, name: person.name }
  }

  return {
    assemble: async (): Promise<void> => {
      for (const { alias, name, number } of personas) {
        if ((await credentials.byNumber(number)) === undefined)
          await add({ alias, name, number, bankCustomerId: alias, password: `demo-${alias}` })
      }
    },
    customers: async (): Promise<readonly DemoCustomer[]> =>
      Promise.all(
        personas.map(async ({ alias, name, number }) => {
          const known = await credentials.byNumber(number)
          const code = known === undefined ? '' : await codeNow(known.totpSecret, now())
          return { name, alias, customerNumber: number, password: `demo-${alias}`, code }
        }),
      ),
    fresh: () => {
      const tail = randomBytes(6).toString('hex')
      const number = `2${randomInt(0, 1_000_000_000).toString().padStart(9, '0')}`
      return add({
        name: 'Fresh Customer',
        number,
        bankCustomerId: `fresh-${tail}`,
        password: `demo-${tail}`,
      })
    },
    close: () => database.close(),
  }
}

function logTo(file: string): (line: string) => void {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
  // A full disk must not end the demo; what cannot be logged is lost.
  stream.on('error', () => undefined)
  return (line) => void stream.write(`${line}\n`)
}

function lapTimer(): () => string {
  let last = performance.now()
  return () => {
    const now = performance.now()
    const seconds = ((now - last) / 1000).toFixed(1)
    last = now
    return seconds
  }
}
