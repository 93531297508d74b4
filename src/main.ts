#!/usr/bin/env node
import type { Stop, Surroundings } from './command-line/surroundings.ts'

// The only file that touches `process`: what the house needs of it is handed in from here.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 18)) {
  process.stderr.write(
    `Postern needs Node 22.18 or newer, and this is ${process.version}: install Node 24.\n`,
  )
  process.exit(1)
}

/** npm passes a signal on that the terminal has sent to the whole group already: the same one arrives twice. */
const SAME_SIGNAL_MS = 1_000
/** What is still open when everything has ended is cut off after this. */
const LINGER_MS = 2_000

let stopped: ((stop: Stop) => void) | undefined
let fault: (error: unknown) => void = (error) => {
  throw error
}

const surroundings: Surroundings = {
  environment: process.env,
  folder: process.cwd(),
  nodeVersion: process.versions.node,
  terminal: process.stdout.isTTY === true,
  now: () => new Date(),
  say: (line) => void process.stdout.write(`${line}\n`),
  warn: (line) => void process.stderr.write(`${line}\n`),
  readInput: async () => {
    const chunks: Buffer[] = []
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk))
    return Buffer.concat(chunks).toString('utf8')
  },
  untilStopped: () =>
    new Promise((resolve) => {
      stopped = resolve
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => asked(signal))
    }),
}

let askedAt: number | undefined

/** The first request ends in order, the second at once. */
function asked(signal: 'SIGINT' | 'SIGTERM'): void {
  const now = performance.now()
  if (askedAt !== undefined && now - askedAt > SAME_SIGNAL_MS) process.exit(signal === 'SIGINT' ? 130 : 143)
  askedAt ??= now
  stopped?.({ kind: 'signal', signal })
}

// A reader that has seen enough (`postern … | head`) is no fault.
process.stdout.on('error', () => process.exit(0))
// Unhandled rejections come here as well. Nothing is known of the state after it: end in order, then exit 1.
process.on('uncaughtException', (error) => {
  if (stopped === undefined) fault(error)
  else stopped({ kind: 'fault', error })
})

const { runCommandLine, tellFailure } = await import('./command-line/program.ts')
fault = (error) => process.exit(tellFailure(error, surroundings))
process.exitCode = await runCommandLine(process.argv.slice(2), surroundings)
setTimeout(() => process.exit(), LINGER_MS).unref()
