import { write as writeFile } from 'node:fs'

export interface LineSink {
  /** Never waits and never throws: what does not fit into the buffer is dropped and counted. */
  write(line: string): void
  /** Lines dropped since the start. */
  dropped(): number
  /** Resolves when everything is written, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>
}

type Write = (
  fd: number,
  bytes: Buffer,
  done: (error: NodeJS.ErrnoException | null, written: number) => void,
) => void

/**
 * Milliseconds of rest after each write, so that lines of a busy moment share the next one: a write of its own for
 * every line took a tenth of the time that introspection takes.
 */
const REST_MS = 5
/** Milliseconds until a file descriptor that would not take bytes is tried again. */
const RETRY_MS = 20

/**
 * Lines to a file descriptor (1 is standard output) whose reader may be slow, stuck or gone. Node's own
 * `process.stdout` waits on a full pipe and the whole process with it; here one write at a time waits elsewhere.
 */
export function openLineSink(options: {
  readonly fd: number
  /** How much may wait. Bytes. */
  readonly maxBytes?: number
  readonly write?: Write
}): LineSink {
  const { fd, maxBytes = 1_048_576, write: put = writeFile } = options
  let waiting: Buffer[] = []
  let size = 0
  let dropped = 0
  let busy = false
  let idle: (() => void)[] = []
  let rest: NodeJS.Timeout | undefined

  function write(line: string): void {
    const bytes = Buffer.from(`${line}\n`, 'utf8')
    if (size + bytes.length > maxBytes) {
      dropped += 1
      return
    }
    waiting.push(bytes)
    size += bytes.length
    if (!busy) next()
  }

  function next(): void {
    rest = undefined
    busy = waiting.length > 0
    if (!busy) {
      for (const resolve of idle) resolve()
      idle = []
      return
    }
    const batch = Buffer.concat(waiting)
    const lines = waiting.length
    waiting = []
    send(batch, lines)
  }

  function send(bytes: Buffer, lines: number): void {
    put(fd, bytes, (error, written) => {
      if (error?.code === 'EAGAIN') setTimeout(send, RETRY_MS, bytes, lines).unref()
      else if (error) lose(bytes, lines)
      else if (written < bytes.length) advance(bytes, written, lines)
      else finish(bytes)
    })
  }

  function advance(bytes: Buffer, written: number, lines: number): void {
    size -= written
    send(bytes.subarray(written), lines)
  }

  /** The reader is gone (EPIPE) or the disk is full: these lines are lost, later ones are tried again. */
  function lose(bytes: Buffer, lines: number): void {
    dropped += lines
    finish(bytes)
  }

  function finish(bytes: Buffer): void {
    size -= bytes.length
    if (idle.length > 0) next()
    else rest = setTimeout(next, REST_MS)
  }

  async function flush(timeoutMs: number): Promise<void> {
    if (!busy) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs)
      idle.push(() => {
        clearTimeout(timer)
        resolve()
      })
      if (rest === undefined) return
      clearTimeout(rest)
      next()
    })
  }

  return { write, dropped: () => dropped, flush }
}
