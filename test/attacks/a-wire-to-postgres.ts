import { connect, createServer } from 'node:net'

/** A wire to Postgres that fails as real ones do. */
export interface Wire {
  readonly url: string
  /** From now on nothing passes on the connections that are open; none is closed, and new ones work. */
  fallSilent(): void
  /** The next statement that holds `words` reaches Postgres; its answer does not come back. */
  loseAnswerTo(words: string): void
  close(): void
}

export async function openWire(databaseUrl: string): Promise<Wire> {
  const target = new URL(databaseUrl)
  const open = new Set<() => void>()
  let doomed: string | undefined
  const server = createServer((client) => {
    let silent = false
    let lost = false
    const postgres = connect(Number(target.port), target.hostname)
    const silence = () => {
      silent = true
    }
    open.add(silence)
    client.on('data', (data) => {
      if (silent) return
      if (doomed !== undefined && data.includes(doomed)) {
        doomed = undefined
        lost = true
      }
      postgres.write(data)
    })
    postgres.on('data', (data) => {
      if (lost) client.destroy()
      else if (!silent) client.write(data)
    })
    for (const socket of [client, postgres]) {
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(silence)
        client.destroy()
        postgres.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = new URL(databaseUrl)
  url.port = String((server.address() as { port: number }).port)
  return {
    url: url.href,
    fallSilent: () => {
      for (const silence of open) silence()
    },
    loseAnswerTo: (words) => {
      doomed = words
    },
    close: () => server.close(),
  }
}
