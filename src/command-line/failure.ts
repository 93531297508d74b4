import { CommanderError } from 'commander'
import { ConfigError } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import { redact } from '../operations/redact.ts'
import { printable } from './columns.ts'

/** A file or a list that an operator handed in, with everything that is wrong in it at once. */
export class FaultyInput extends Error {
  override readonly name = 'FaultyInput'
  readonly faults: readonly string[]

  constructor(title: string, faults: readonly string[]) {
    super(title)
    this.faults = faults
  }
}

export interface Failure {
  readonly lines: readonly string[]
  readonly exitCode: number
}

const USAGE = 2
/** EX_CONFIG of sysexits.h. */
const CONFIGURATION = 78

/** What went wrong in a sentence with the next step, and the exit code that stands for it. Never a stack. */
export function failure(error: unknown): Failure {
  if (error instanceof CommanderError)
    // Commander has said it already.
    return { lines: [], exitCode: error.exitCode === 0 ? 0 : USAGE }
  if (error instanceof ConfigError) return { lines: configurationLines(error), exitCode: CONFIGURATION }
  if (error instanceof FaultyInput)
    return { lines: [error.message, ...error.faults.map((fault) => `  ${printable(fault)}`)], exitCode: 1 }
  return { lines: [sentence(error)], exitCode: 1 }
}

function configurationLines({ message, faults }: ConfigError): readonly string[] {
  const name = Math.max(...faults.map((fault) => fault.name.length))
  const said = faults.map((fault) => withoutPassword(printable(fault.sentence)))
  const width = Math.min(90, Math.max(...said.map((line) => line.length)))
  return [
    message,
    ...faults.map(({ name: setting, example }, index) => {
      const line = said[index] ?? ''
      const eg = example === undefined ? '' : `   e.g. ${example}`
      return `  ${setting.padEnd(name)}   ${eg === '' ? line : line.padEnd(width)}${eg}`
    }),
    'See `postern config --docs` or docs/operations.md.',
  ]
}

/** A URL that was typed wrongly may still hold a right password. */
export function withoutPassword(text: string): string {
  return text.replace(/(\/\/[^/\s:@"]*):[^/\s"]*@/g, '$1:…@')
}

function sentence(error: unknown): string {
  if (error instanceof Problem) return `${error.message}${because(error.cause)}`
  if (!(error instanceof Error)) return 'Postern failed, and nothing says why.'
  return databaseSentence(error) ?? fileSentence(error) ?? portSentence(error) ?? said(error)
}

/** A driver's own words help an operator; what looks like a secret in them does not. */
function because(cause: unknown): string {
  const words = cause instanceof Error ? said(cause) : ''
  return words === '' ? '' : ` (${words})`
}

function said(error: Error): string {
  const [first] = error instanceof AggregateError ? error.errors : []
  const words = error.message || (first instanceof Error ? first.message : '') || error.name
  return withoutPassword(redact(printable(words)))
}

/** PostgreSQL appendix A, by class or code. */
const databaseSteps: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'Check user and password in DATABASE_URL.'],
  [/^3D000$/, 'Create the database, or correct its name in DATABASE_URL.'],
  [/^42P01$/, 'Run `postern migrate` first.'],
  [/^42501$/, 'Give this database user the rights that docs/operations.md names.'],
  [/^55P03$/, 'Something else holds a lock: try again, or stop the other processes first.'],
]

function databaseSentence(error: Error): string | undefined {
  const code = codeOf(error)
  const step = databaseSteps.find(([pattern]) => pattern.test(code))?.[1]
  return step === undefined ? undefined : `The database refuses: ${said(error)}. ${step}`
}

const fileWords: Readonly<Record<string, string>> = {
  ENOENT: 'is not there',
  EACCES: 'may not be read or written by this user',
  EISDIR: 'is a folder',
  EEXIST: 'exists already',
  ENOSPC: 'does not fit: the disk is full; make room and start again',
  EROFS: 'is on a read-only file system',
}

function fileSentence(error: Error): string | undefined {
  const { path } = error as { readonly path?: unknown }
  const words = fileWords[codeOf(error)]
  if (words === undefined) return undefined
  return typeof path === 'string' ? `${printable(path)} ${words}.` : `A file ${words}.`
}

function portSentence(error: Error): string | undefined {
  const { address, port } = error as { readonly address?: unknown; readonly port?: unknown }
  if (codeOf(error) !== 'EADDRINUSE') return undefined
  return `Port ${address}:${port} is in use by another program. Stop that one, or choose another port.`
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}
