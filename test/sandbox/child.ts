import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A sandbox process as `postern demo` runs it: a child with a pipe as its stdin. */
export interface Child {
  readonly url: string
  readonly process: ChildProcess
  /** Asks it to end and answers its exit code. */
  stop(): Promise<number | null>
}

export async function startChild(
  name: 'bank' | 'directory' | 'third-party',
  environment: Readonly<Record<string, string>>,
): Promise<Child> {
  const child = spawn(process.execPath, [`src/sandbox/${name}/main.ts`], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  return {
    url: await ready(child, exited),
    process: child,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}

async function ready(child: ChildProcess, exited: Promise<unknown>): Promise<string> {
  assert(child.stdout)
  const lines = createInterface(child.stdout)
  const [line] = (await Promise.race([
    once(lines, 'line'),
    exited.then(() => Promise.reject(new Error('the process ended before it was ready'))),
  ])) as [string]
  const { ready, url } = JSON.parse(line) as { readonly ready: boolean; readonly url: string }
  assert.equal(ready, true)
  return url
}
