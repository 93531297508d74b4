import { ConfigError } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import { type RunningDemo, runningDemo } from './running-demo.ts'
import type { Surroundings } from './surroundings.ts'

/** What an operator's command works on. */
export interface Installation {
  readonly databaseUrl: string
  readonly secretsDir: string | undefined
  readonly signingKeysFile: string | undefined
  readonly bankName: string
  /** Set when there is no DATABASE_URL and a demo runs in this folder. */
  readonly demo: RunningDemo | undefined
}

/**
 * By environment variables, or else the demo that runs in this folder, which is then said. Throws ConfigError when
 * there is neither.
 */
export function findInstallation(surroundings: Surroundings): Installation {
  const { environment, folder } = surroundings
  const demo = environment.DATABASE_URL ? undefined : runningDemo(folder)
  if (demo !== undefined) surroundings.warn('No DATABASE_URL is set: using the demo that runs here.')
  const databaseUrl = environment.DATABASE_URL || demo?.databaseUrl
  if (databaseUrl === undefined) throw new ConfigError([missing])
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) throw new ConfigError([notPostgres])
  return {
    databaseUrl,
    secretsDir: environment.SECRETS_DIR || demo?.secretsDir,
    signingKeysFile: environment.SIGNING_KEYS_FILE || demo?.signingKeysFile,
    bankName: environment.BANK_NAME || (demo ? 'Meridian Bank' : 'Online banking'),
    demo,
  }
}

const missing = {
  name: 'DATABASE_URL',
  sentence: 'is missing, and no demo runs in this folder (start one with `postern demo`).',
  example: 'postgres://postern@db.internal/postern',
}
const notPostgres = { ...missing, sentence: 'is not a postgres:// URL.' }

/** A demo that was killed leaves its note behind: whoever follows it should know. */
export function explained(error: unknown, { demo }: Installation): unknown {
  if (demo === undefined || !(error instanceof Problem && error.code === 'unavailable')) return error
  return new Problem(
    'unavailable',
    'The demo that .postern/demo/running.json describes does not answer. Start it with `postern demo`, or set DATABASE_URL.',
    { cause: error.cause },
  )
}
