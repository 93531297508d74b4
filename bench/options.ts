import { parseArgs } from 'node:util'

/** What the command line asked for. */
export interface Options {
  readonly json?: string
  /** Only scenarios whose name contains this. */
  readonly only?: string
  /** Of each measured stretch. */
  readonly seconds: number
  /** How often ours and the reference take turns. */
  readonly pairs: number
  readonly connections: number
  /** A folder for CPU profiles of Postern's process. */
  readonly profile?: string
}

export const help = `npm run bench -- [options]

Measures Postern beside the bare engine, in turns on the same cores, with the same client authentication.

  --json FILE      also write the figures to FILE
  --only NAME      only scenarios whose name contains NAME
  --seconds N      length of each measured stretch (default 3)
  --pairs N        how often ours and the reference take turns (default 3)
  --connections N  connections of the load generator (default 32)
  --profile DIR    write a CPU profile of Postern's process to DIR when it ends
  --help           this

Example: npm run bench -- --only introspection --json introspection.json
`

/** The options, or undefined when help was asked for. Throws TypeError on anything it does not know. */
export function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      json: { type: 'string' },
      only: { type: 'string' },
      seconds: { type: 'string', default: '3' },
      pairs: { type: 'string', default: '3' },
      connections: { type: 'string', default: '32' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return undefined
  return {
    seconds: positive('seconds', values.seconds),
    pairs: positive('pairs', values.pairs),
    connections: positive('connections', values.connections),
    ...(values.json !== undefined && { json: values.json }),
    ...(values.only !== undefined && { only: values.only }),
    ...(values.profile !== undefined && { profile: values.profile }),
  }
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(Number.isInteger(number) && number >= 1 && number <= 600))
    throw new TypeError(`--${name} must be a whole number from 1 to 600, not "${text}"`)
  return number
}
