import type { Command } from 'commander'
import type { Surroundings } from './surroundings.ts'

/** What a command found out or did: for a person, and as one JSON document for programs. */
export interface Answer {
  readonly lines: readonly string[]
  readonly json: unknown
  /** 0 unless told. */
  readonly exitCode?: number
}

/** The surroundings of one run, and how it ends. */
export interface Shell extends Surroundings {
  exitWith(code: number): void
}

/** Gives the command `--json` and two examples, and prints what `work` answers. */
export function answering(
  command: Command,
  shell: Shell,
  examples: readonly [string, string],
  work: (parameters: readonly string[]) => Promise<Answer>,
): void {
  command.option('--json', 'print JSON, for programs')
  withExamples(command, examples).action(async () => {
    const { lines, json, exitCode = 0 } = await work(command.args)
    if (command.opts().json === true) shell.say(JSON.stringify(json, null, 2))
    else for (const line of lines) shell.say(line)
    shell.exitWith(exitCode)
  })
}

/** Puts two examples at the end of the command's help. */
export function withExamples(command: Command, examples: readonly [string, string]): Command {
  const lines = examples.map((example) => `  $ postern ${example}`)
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`)
}
