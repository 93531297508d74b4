import type { Command } from 'commander'
import { Problem } from '../domain/problem.ts'
import { type Shell, withExamples } from './answer.ts'

interface Options {
  readonly tls?: true
  readonly reset?: true
}

/** `postern demo`: everything on this machine, until Ctrl-C. */
export function addDemo(program: Command, shell: Shell): void {
  const command = program
    .command('demo')
    .summary('start everything on this machine, sandbox included')
    .description(
      'Starts Postgres, the authority, the gateway and the sandbox on this machine, and says which page to open first. Ctrl-C stops all of it; what was done is kept for the next start.',
    )
    .option('--tls', "production's shape: https for browsers too, with the development CA")
    .option('--reset', 'forget everything that the demo kept, first')
  withExamples(command, ['demo', 'demo --reset']).action(async () => {
    await runUntilStopped(shell, command.opts<Options>())
  })
}

async function runUntilStopped(shell: Shell, { tls, reset }: Options): Promise<void> {
  const stop = shell.untilStopped()
  const { runDemo } = await demoProgram()
  const { DATABASE_URL } = shell.environment
  const options = { tls: tls === true, reset: reset === true }
  const starting = runDemo({ ...options, ...(DATABASE_URL && { databaseUrl: DATABASE_URL }) }, shell.say)
  const early = await Promise.race([stop, starting.then(() => undefined)])
  if (early !== undefined) shell.say('Stopping as soon as everything has started … (Ctrl-C again: at once)')
  const running = await starting
  const { kind, ...why } = await stop
  if (early === undefined && kind === 'signal') shell.say('Stopping …')
  await running.close()
  if ('error' in why) throw why.error
  shell.say('Stopped. What was done here is kept for the next start.')
}

/** The demo comes with the clone; production images leave it and its libraries out. */
async function demoProgram() {
  try {
    return await import('../demo.ts')
  } catch (cause) {
    const { code } = cause as { readonly code?: unknown }
    if (code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new Problem(
      'unavailable',
      'The demo is not part of this installation. Run it in a clone: `npm ci && npm start`.',
    )
  }
}
