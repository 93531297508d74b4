import { Command } from 'commander'
import type { Shell } from './answer.ts'
import { addAudit } from './audit.ts'
import { addConfig } from './config.ts'
import { addConsents } from './consents.ts'
import { addCustomers } from './customers.ts'
import { addDemo } from './demo.ts'
import { addDoctor } from './doctor.ts'
import { failure } from './failure.ts'
import { addKeys } from './keys.ts'
import { addMigrate } from './migrate.ts'
import { addResourceServers } from './resource-servers.ts'
import { addServe } from './serve.ts'
import type { Surroundings } from './surroundings.ts'
import { addThirdParties } from './third-parties.ts'
import { version } from './version.ts'

/** Runs `postern <argv>`. Resolves to the exit code: 0 ok, 1 failed, 2 usage, 78 configuration. Never rejects. */
export async function runCommandLine(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode = 0
  const shell: Shell = {
    ...surroundings,
    exitWith: (code) => {
      exitCode = code
    },
  }
  try {
    await openProgram(shell).parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (error) {
    return tellFailure(error, surroundings, argv.includes('--json'))
  }
}

/** Says what went wrong, never more than a person can use, and answers the exit code. */
export function tellFailure(error: unknown, surroundings: Surroundings, json = false): number {
  const { lines, exitCode } = failure(error)
  if (lines.length > 0)
    surroundings.warn(json ? JSON.stringify({ error: { message: lines.join('\n') } }) : lines.join('\n'))
  return exitCode
}

function openProgram(shell: Shell): Command {
  const program = new Command('postern')
    .description("Postern: a bank's open-banking gate. FAPI 2.0 authorization server, consents, gateway.")
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: (text) => shell.say(text.trimEnd()),
      writeErr: (text) => shell.warn(text.trimEnd()),
      outputError: (text, write) => write(sentence(text)),
    })
    .showHelpAfterError('See `postern --help`, or --help after a command.')
    .exitOverride()
    .addHelpText('after', '\nExamples:\n  $ postern demo\n  $ postern doctor')
    .addHelpText('after', '\nExit codes: 0 ok, 1 failed, 2 usage, 78 configuration.')
  addDemo(program, shell)
  addServe(program, shell)
  addMigrate(program, shell)
  addDoctor(program, shell)
  addConfig(program, shell)
  addKeys(program, shell)
  addThirdParties(program, shell)
  addResourceServers(program, shell)
  addCustomers(program, shell)
  addConsents(program, shell)
  addAudit(program, shell)
  return program
}

/** Commander's words, with the way out for values that begin with a hyphen, as a client_id may. */
function sentence(text: string): string {
  const said = text.replace(/^error: /, '')
  const dashed = /unknown option '-[^']{8,}'/.test(said) && !said.includes('Did you mean')
  return dashed ? `${said.trimEnd()}\n(A value that begins with a hyphen goes after --.)` : said
}
