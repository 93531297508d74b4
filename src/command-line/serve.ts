import { randomBytes } from 'node:crypto'
import { type Command, Option } from 'commander'
import type { App } from '../app.ts'
import { type Config, ConfigError, readConfig, readSecrets, type SharedSecrets } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import { openLog } from '../operations/log.ts'
import { type Shell, withExamples } from './answer.ts'
import type { Stop } from './surroundings.ts'

export const roleOption = (): Option =>
  new Option('--role <role>', 'what this process does')
    .choices(['all', 'authority', 'gateway'])
    .default('all')

/** What is under way when it is asked to stop has this long. Milliseconds. */
const DRAIN_MS = 25_000

/** `postern serve`: production. */
export function addServe(program: Command, shell: Shell): void {
  const command = program
    .command('serve')
    .summary('serve in production, configured by environment variables')
    .description(
      'Serves until SIGTERM, which lets what is under way end first. Everything is configured by environment variables (`postern config --docs`); what is wrong with them is said at once, before anything listens.',
    )
    .addOption(roleOption())
  withExamples(command, ['serve', 'serve --role gateway']).action(async () => {
    shell.exitWith(await serve(shell, command.opts<{ readonly role: Config['role'] }>().role))
  })
}

async function serve(shell: Shell, role: Config['role']): Promise<number> {
  const { config, secrets } = readEverything(shell.environment, role)
  const stopping = shell.untilStopped()
  if (role !== 'gateway') shell.warn('! KEYS=local: the signing keys are in a file of this machine.')
  // Late, so that no other command waits for the engine to load.
  const { openApp } = await import('../app.ts')
  const app = await openApp(config, secrets)
  const ports = await start(app)
  shell.warn(`Serving (${role}). Ports: ${ports}.`)
  const stop = await stopping
  if (stop.kind === 'fault') logFault(shell, config, secrets, stop)
  await Promise.race([app.close(), after(DRAIN_MS)])
  return stop.kind === 'fault' ? 1 : 0
}

/** Configuration and secrets; what is wrong with either is said together. */
function readEverything(environment: Shell['environment'], role: Config['role']) {
  const config = attempt(() => readConfig(environment, role))
  const secrets = attempt(() => secretsFor(environment, role))
  const faults = [config, secrets].flatMap((read) => (read instanceof ConfigError ? read.faults : []))
  if (config instanceof ConfigError || secrets instanceof ConfigError) throw new ConfigError(faults)
  return { config, secrets }
}

function attempt<Value>(read: () => Value): Value | ConfigError {
  try {
    return read()
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** A gateway that runs alone has nothing to share: its secrets are made up, and gone with it. */
function secretsFor({ SECRETS_DIR }: Shell['environment'], role: Config['role']): SharedSecrets {
  if (role === 'gateway') return { cookieKeys: [], dpopNonceSecret: randomBytes(32), logKey: randomBytes(32) }
  // Its absence is a fault of the configuration, which says so by itself.
  if (!SECRETS_DIR) throw new ConfigError([])
  return readSecrets(SECRETS_DIR)
}

async function start(app: App): Promise<string> {
  try {
    const { ports } = await app.start()
    return Object.entries(ports)
      .map(([listener, port]) => `${listener} ${port}`)
      .join(', ')
  } catch (error) {
    await app.close()
    throw withNextStep(error)
  }
}

function withNextStep(error: unknown): unknown {
  const { code } = ((error as Error).cause ?? {}) as { readonly code?: unknown }
  if (!(error instanceof Problem) || code !== 'EADDRINUSE') return error
  return new Problem('unavailable', `${error.message} Stop that one, or change the …_LISTEN setting.`)
}

function logFault(
  shell: Shell,
  { logLevel }: Config,
  { logKey }: SharedSecrets,
  { error }: Stop & { kind: 'fault' },
) {
  const log = openLog({ write: shell.say, hmacKey: logKey, level: logLevel, now: shell.now })
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  log.error('uncaught', { message, stack, outcome: 'stopping' })
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
