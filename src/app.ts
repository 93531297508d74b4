import { createHash } from 'node:crypto'
import { type Authority, BANK_TIMEOUT, openAuthority } from './authority.ts'
import { type Bank, openBank } from './bank/bank.ts'
import type { Config, SharedSecrets } from './config.ts'
import type { SigningKey } from './domain/signing-key.ts'
import { certificateThumbprint } from './front/client-certificate.ts'
import { type Listener, openListener } from './front/listener.ts'
import { admissionEndpoint } from './gateway/admission-endpoint.ts'
import type { Admitter } from './gateway/admitter.ts'
import { gatewayApp } from './gateway/door.ts'
import { openRemoteAdmitter } from './gateway/remote-admission.ts'
import { openLocalKeys } from './keys/local-keys.ts'
import { openOperationsListener } from './operations/health.ts'
import { openLineSink } from './operations/line-sink.ts'
import { type Log, openLog } from './operations/log.ts'
import { type Metrics, openMetrics } from './operations/metrics.ts'
import { openReaper } from './operations/reaper.ts'
import { fapi2 } from './profiles/fapi2/index.ts'
import { openAuditTrail } from './store/audit.ts'
import { type Database, openDatabase } from './store/database.ts'
import { migrate } from './store/migrate.ts'
import { joinProcesses } from './store/processes.ts'
import { reapingTasks } from './store/reaping.ts'

/** What a test or the demo may put in the place of the real thing. */
export interface Overrides {
  readonly now?: () => Date
  readonly keys?: readonly SigningKey[]
  readonly write?: (line: string) => void
}

export interface App {
  /** Opens every listener; answers the ports in use. */
  start(): Promise<{ readonly ports: Readonly<Record<string, number>> }>
  /** Ends what is under way, then everything else. */
  close(): Promise<void>
}

interface Running {
  readonly listeners: Readonly<Record<string, Listener>>
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  close(): Promise<void>
}

/** How often what nobody can use any more is removed, in milliseconds. */
const REAP_EVERY = 30_000

/** Introduces the parts to each other. Nothing listens before {@link App.start}. */
export async function openApp(
  config: Config,
  secrets: SharedSecrets,
  overrides: Overrides = {},
): Promise<App> {
  const now = overrides.now ?? (() => new Date())
  const sink = overrides.write ? undefined : openLineSink({ fd: 1 })
  const write = overrides.write ?? ((line: string) => sink?.write(line))
  const log = openLog({ write, hmacKey: secrets.logKey, level: config.logLevel, now })
  const metrics = openMetrics()
  const running =
    config.role === 'gateway'
      ? openGatewayAlone(config, { log, metrics, now })
      : await openWithAuthority(config, secrets, overrides, { log, metrics, now })
  const operations = openOperationsListener({ ...config.operations, checks: running.checks, metrics })

  return {
    start: async () => {
      const ports: Record<string, number> = { operations: await operations.start() }
      for (const [name, listener] of Object.entries(running.listeners)) ports[name] = await listener.start()
      log.info('started', { process: config.role })
      return { ports }
    },
    close: async () => {
      await Promise.all(Object.values(running.listeners).map((listener) => listener.close()))
      await running.close()
      await operations.close()
      log.info('stopped', { process: config.role })
      await sink?.flush(1_000)
    },
  }
}

interface Instruments {
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => Date
}

async function openWithAuthority(
  config: Config,
  secrets: SharedSecrets,
  overrides: Overrides,
  instruments: Instruments,
): Promise<Running> {
  const { now, log, metrics } = instruments
  await refuseOldSchema(config)
  const database = openDatabase(config.database)
  const audit = await openAuditTrail(database)
  const keys =
    overrides.keys ?? (await openLocalKeys(config.keys.file, (alg, ms) => metrics.signature(alg, ms / 1000)))
  const membership = await joinProcesses(
    database,
    { role: config.role, secretsFingerprint: fingerprint(secrets) },
    now,
  )
  const authority = await openAuthority({
    config,
    secrets,
    profile: fapi2,
    database,
    audit,
    keys,
    log,
    metrics,
    now,
  })
  const reaper = openReaper({
    tasks: reapingTasks(database, audit),
    everyMs: REAP_EVERY,
    now,
    observe: ({ table, rows, error }) => {
      metrics.reaped(table, rows)
      if (error instanceof Error) log.warn('reaping failed', { table, reason: error.message })
    },
  })
  reaper.start()
  const bank = openBank({ ...config.bank, timeout: BANK_TIMEOUT })
  return {
    listeners: {
      ...authorityListeners(config, authority),
      ...(config.role === 'all' && {
        gateway: gatewayListener(config, authority.admitter, bank, instruments),
      }),
    },
    checks: { database: () => databaseAnswers(database) },
    close: async () => {
      await reaper.stop()
      await Promise.all([authority.close(), bank.close()])
      await membership.leave().catch(() => undefined)
      await database.close()
    },
  }
}

function authorityListeners(config: Config, authority: Authority): Record<string, Listener> {
  const { browser, certificate, admission } = config
  const { handler } = authority.server
  return {
    browser: openListener({ name: 'browser', ...browser, publicUrl: browser.url }, handler),
    certificate: openListener(
      { name: 'client-certificate', ...certificate, publicUrl: certificate.url, asksForCertificate: true },
      handler,
    ),
    ...(admission && {
      admission: openListener(
        {
          name: 'admission',
          ...admission,
          publicUrl: `https://${admission.host}:${admission.port}`,
          anyHost: true,
          clientCa: admission.ca,
        },
        admissionEndpoint(authority.admitter),
      ),
    }),
  }
}

/** A gateway that runs alone: no database, no bank keys; it asks the authority about every request. */
function openGatewayAlone(config: Config, instruments: Instruments): Running {
  const { remoteAdmission } = config
  if (remoteAdmission === undefined) throw new Error('a gateway that runs alone needs ADMISSION_URL')
  const admitter = openRemoteAdmitter({
    url: remoteAdmission.url,
    tls: { ...remoteAdmission.tls, ca: remoteAdmission.ca },
  })
  const bank = openBank({ ...config.bank, timeout: BANK_TIMEOUT })
  return {
    listeners: { gateway: gatewayListener(config, admitter, bank, instruments) },
    checks: {},
    close: async () => {
      await Promise.all([admitter.close(), bank.close()])
    },
  }
}

function gatewayListener(
  config: Config,
  admitter: Admitter,
  bank: Bank,
  { log, metrics, now }: Instruments,
): Listener {
  const app = gatewayApp({
    admitter,
    bank,
    profile: fapi2,
    baseUrl: config.gateway.url,
    resourceMetadata: {
      authorizationServers: config.issuer === '' ? [] : [config.issuer],
      scopes: ['openid', ...Object.keys(fapi2.scopes)],
    },
    bankTimeout: BANK_TIMEOUT,
    peer: (ctx) => {
      const thumbprint = certificateThumbprint(ctx.req)
      return thumbprint === undefined ? {} : { certificateThumbprint: thumbprint }
    },
    now,
    observe: ({ endpoint, status, milliseconds, error, interactionId, clientId, consentId, fault }) => {
      metrics.request({ door: 'gateway', route: endpoint, status }, milliseconds / 1000)
      metrics.gateway(milliseconds / 1000)
      if (error !== undefined) metrics.rejection({ door: 'gateway', code: error })
      log.info('answered', {
        door: 'gateway',
        route: endpoint,
        status,
        ms: milliseconds,
        interactionId,
        error,
        clientId,
        consentId,
      })
      if (fault instanceof Error)
        log.error('fault', { message: fault.message, stack: fault.stack, interactionId })
    },
  })
  return openListener(
    { name: 'gateway', ...config.gateway, publicUrl: config.gateway.url, asksForCertificate: true },
    app.callback(),
  )
}

async function refuseOldSchema(config: Config): Promise<void> {
  const { pending } = await migrate(config.database.url, { plan: true })
  if (pending.length > 0)
    throw new Error(`The database lacks ${pending.length} migration(s): run \`postern migrate\` first.`)
}

async function databaseAnswers(database: Database): Promise<void> {
  await database.query('ready', 'select 1', [])
}

function fingerprint({ cookieKeys, dpopNonceSecret, logKey }: SharedSecrets): string {
  return createHash('sha256')
    .update([...cookieKeys, dpopNonceSecret.toString('hex'), logKey.toString('hex')].join('\n'))
    .digest('hex')
}
