import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** A part of the sandbox: a program of its own that we only talk to over HTTP. */
export interface SandboxChild {
  readonly url: string
  close(): Promise<void>
}

/** How long a part may take until it listens, in milliseconds. */
const READY_WITHIN = 20_000
const CLOSE_WITHIN = 5_000

/**
 * Starts a program of src/sandbox and waits until it says where it listens. Its standard input is a pipe of ours:
 * when we are gone, however suddenly, it ends by itself.
 */
export async function startChild(
  name: string,
  environment: Readonly<Record<string, string>>,
  failed: (line: string) => void,
): Promise<SandboxChild> {
  const main = fileURLToPath(new URL(`../sandbox/${name}/main.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--disable-proto=delete', main], {
    // A group of its own: Ctrl-C in the terminal reaches us alone, and we end the parts in order.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', TZ: process.env.TZ ?? '', ...environment },
  })
  const complaints: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
  const url = await readyUrl(child, name, complaints)
  let closing = false
  child.once('exit', () => {
    if (!closing) failed(`The demo's ${name} ended: ${complaints.at(-1) ?? 'it did not say why'}.`)
  })
  return {
    url,
    close: () => {
      closing = true
      return ended(child)
    },
  }
}

function readyUrl(child: ChildProcess, name: string, complaints: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`the demo's ${name} did not start within ${READY_WITHIN / 1000} seconds`))
    }, READY_WITHIN)
    child.once('exit', () => {
      clearTimeout(late)
      reject(new Error(`the demo's ${name} did not start: ${complaints.slice(-3).join(' ')}`))
    })
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const url = readyLine(line)
      if (url === undefined) return
      clearTimeout(late)
      resolve(url)
    })
  })
}

function readyLine(line: string): string | undefined {
  try {
    const { ready, url } = JSON.parse(line) as { ready?: unknown; url?: unknown }
    return ready === true && typeof url === 'string' ? url : undefined
  } catch {
    return undefined
  }
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const hurry = setTimeout(() => child.kill('SIGKILL'), CLOSE_WITHIN)
    child.once('exit', () => {
      clearTimeout(hurry)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
