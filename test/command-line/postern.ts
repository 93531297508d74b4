import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** How a run of `postern` ended. */
export interface Outcome {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
  readonly folder?: string
  /** For Node itself, before the program. */
  readonly nodeOptions?: readonly string[]
}

/** A run that goes on until it is stopped. */
export interface Started {
  readonly child: ChildProcess
  readonly outcome: Promise<Outcome>
  /** Resolves to the first group as soon as standard output or error fits. */
  says(pattern: RegExp): Promise<string>
}

/** A folder of its own, below the system's, gone with {@link Folder.remove}. */
export interface Folder {
  readonly path: string
  at(name: string): string
  put(name: string, content: string | object, mode?: number): Promise<string>
  remove(): void
}

export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'postern-command-'))
  const at = (name: string) => join(path, name)
  return {
    path,
    at,
    put: async (name, content, mode = 0o600) => {
      await mkdir(join(at(name), '..'), { recursive: true })
      const text = typeof content === 'string' ? content : JSON.stringify(content)
      await writeFile(at(name), text, { mode })
      return at(name)
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  }
}

/** Runs the command as an operator would, with nothing in its environment but what is given. */
export function start(args: readonly string[], options: RunOptions = {}): Started {
  const { environment = {}, input = '', folder = tmpdir(), nodeOptions = [] } = options
  const child = spawn(process.execPath, [...nodeOptions, main, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const said = { out: '', err: '' }
  const waiting = new Set<() => void>()
  for (const [name, stream] of [
    ['out', child.stdout],
    ['err', child.stderr],
  ] as const)
    stream.setEncoding('utf8').on('data', (text: string) => {
      said[name] += text
      for (const look of waiting) look()
    })
  child.stdin.on('error', () => undefined).end(input)
  const outcome = new Promise<Outcome>((resolve) => {
    child.once('close', (code) => resolve({ code, ...said }))
  })
  return {
    child,
    outcome,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(said.out) ?? pattern.exec(said.err)
          if (found) resolve(found[1] ?? '')
        }
        waiting.add(look)
        look()
        void outcome.then(({ code, err }) =>
          reject(new Error(`ended with ${code} before ${pattern}: ${err}`)),
        )
      }),
  }
}

export function postern(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return start(args, options).outcome
}

/** A folder of shared secrets, as every process of an installation has them. */
export async function putSecrets(folder: Folder): Promise<string> {
  for (const name of ['cookie-keys', 'dpop-nonce-secret', 'log-key'])
    await folder.put(`secrets/${name}`, `${randomBytes(32).toString('base64url')}\n`)
  return folder.at('secrets')
}
