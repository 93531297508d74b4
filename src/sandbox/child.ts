import { fstatSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How long requests under way may still take once the process was asked to end, in milliseconds. */
const GRACE = 1000

export interface Place {
  readonly host: string
  /** 0 lets the operating system choose. */
  readonly port: number
}

/** Listens; answers the port that was really taken. */
export function listen(server: Server, place: Place): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(place.port, place.host, () => {
      server.off('error', reject)
      // A TCP server that is listening has an AddressInfo; a string only for pipes.
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/**
 * Says on stdout that this process is ready, and ends it cleanly on SIGTERM, SIGINT, and when its stdin is a pipe that
 * closes: a parent that was killed leaves no orphan behind.
 */
export function announce(server: Server, url: string): void {
  const end = once(() => close(server))
  process.on('SIGTERM', end)
  process.on('SIGINT', end)
  process.stdout.on('error', end)
  if (stdinIsPipe()) process.stdin.on('end', end).on('error', end).resume()
  process.stdout.write(`${JSON.stringify({ ready: true, url })}\n`)
}

/** Ends the process with a sentence on stderr: for what makes a start impossible. */
export function fail(error: unknown): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

function close(server: Server): void {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), GRACE)
}

function once(action: () => void): () => void {
  let done = false
  return () => {
    if (!done) action()
    done = true
  }
}

/** A terminal or /dev/null says nothing about the parent; only a pipe (or Node's socket pair) does. */
function stdinIsPipe(): boolean {
  try {
    const stdin = fstatSync(0)
    return stdin.isFIFO() || stdin.isSocket()
  } catch {
    return false
  }
}
