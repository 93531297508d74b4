import type { Command } from 'commander'
import { type Config, ConfigError, readConfig, readSecrets, secretFiles } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import { type Check, examine, findingsJson, renderFindings } from '../operations/doctor.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { certificateChecks } from './doctor-certificates.ts'
import { databaseChecks } from './doctor-database.ts'
import { diskCheck, nodeCheck, signingKeysCheck } from './doctor-machine.ts'
import { bankCheck, directoryCheck, issuerCheck } from './doctor-neighbours.ts'
import { failure, withoutPassword } from './failure.ts'
import { type RunningDemo, runningDemo } from './running-demo.ts'
import { roleOption } from './serve.ts'

/** `postern doctor`: what is not in order, and what to do about it. */
export function addDoctor(program: Command, shell: Shell): void {
  const command = program
    .command('doctor')
    .summary('examine this installation and say how to put it right')
    .description(
      'Examines everything that Postern needs, whatever the configuration holds so far, and says for each thing that is wrong what to do. Changes nothing. Exits with 1 if anything is wrong.',
    )
    .addOption(roleOption())
  answering(command, shell, ['doctor', 'doctor --role gateway --json'], async () => {
    const { role } = command.opts<{ readonly role: Config['role'] }>()
    return examined(shell, role)
  })
}

async function examined(shell: Shell, role: Config['role']): Promise<Answer> {
  const demo = shell.environment.DATABASE_URL ? undefined : runningDemo(shell.folder)
  const { checks, close } = demo ? checksOfDemo(shell, demo) : checksOf(shell, role)
  try {
    const findings = await examine(checks.map(inOurWords))
    return {
      lines: renderFindings(findings).split('\n'),
      json: JSON.parse(findingsJson(findings)),
      exitCode: findings.every(({ ok }) => ok) ? 0 : 1,
    }
  } finally {
    await close()
  }
}

interface Checks {
  readonly checks: readonly Check[]
  close(): Promise<void>
}

/** Production's: a setting that is missing is named by the configuration's finding, and what needs it is left out. */
function checksOf(shell: Shell, role: Config['role']): Checks {
  const { DATABASE_URL, SIGNING_KEYS_FILE, SECRETS_DIR } = shell.environment
  const authority = role !== 'gateway'
  const database = authority && DATABASE_URL ? databaseChecks(DATABASE_URL, shell.now) : nothing
  return {
    close: database.close,
    checks: [
      nodeCheck(shell.nodeVersion),
      configurationCheck(shell, role),
      ...database.checks,
      ...(authority && SIGNING_KEYS_FILE ? [signingKeysCheck(SIGNING_KEYS_FILE)] : []),
      ...(authority && SECRETS_DIR ? [secretsCheck(SECRETS_DIR)] : []),
      ...certificateChecks(shell.environment, role, shell.now),
      ...bankCheck(shell.environment),
      ...(authority ? directoryCheck(shell.environment.DIRECTORY_JWKS_URL, []) : []),
      diskCheck(shell.folder),
    ],
  }
}

function checksOfDemo(shell: Shell, demo: RunningDemo): Checks {
  const { checks, close } = databaseChecks(demo.databaseUrl, shell.now)
  const directory = `${demo.directory}/jwks`
  return {
    close,
    checks: [
      nodeCheck(shell.nodeVersion),
      {
        name: 'Configuration',
        examine: async () => 'that of the demo which runs here (no DATABASE_URL is set)',
        fix: '',
      },
      ...checks,
      signingKeysCheck(demo.signingKeysFile),
      secretsCheck(demo.secretsDir),
      issuerCheck(demo.issuer, demo.caFile),
      ...directoryCheck(directory, [new URL(directory).origin]),
      diskCheck(shell.folder),
    ],
  }
}

const nothing: Checks = { checks: [], close: async () => undefined }

function configurationCheck({ environment }: Shell, role: Config['role']): Check {
  return {
    name: 'Configuration',
    examine: async () => {
      try {
        const { issuer } = readConfig(environment, role)
        return issuer === '' ? 'complete' : `complete, for ${issuer}`
      } catch (error) {
        throw error instanceof ConfigError ? asProblem(error) : error
      }
    },
    fix: 'Run `postern config --check`; `postern config --docs` explains each setting.',
  }
}

function secretsCheck(folder: string): Check {
  return {
    name: 'Secrets',
    examine: async () => {
      try {
        readSecrets(folder)
        return `${secretFiles.join(', ')} are there`
      } catch (error) {
        throw error instanceof ConfigError ? asProblem(error) : error
      }
    },
    fix: "Make each with: openssl rand -base64 32 | tr '+/' '-_' | tr -d =",
  }
}

function asProblem({ faults }: ConfigError): Problem {
  const said = faults.map(({ name, sentence }) => `${name} ${withoutPassword(sentence)}`)
  return new Problem('invalid-request', said.join(' '))
}

/** The same sentences as everywhere, with a driver's own words where they help. */
function inOurWords(check: Check): Check {
  return {
    ...check,
    examine: async () => {
      try {
        return await check.examine()
      } catch (error) {
        throw new Problem('unavailable', failure(error).lines.join(' '))
      }
    },
  }
}
