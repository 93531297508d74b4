import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'
import { openReadiness, type ReadinessCheck } from './readiness.ts'

export interface OperationsListener {
  /** Listens; resolves to the port in use. Rejects when it cannot. */
  start(): Promise<number>
  /** Cuts open connections: nobody's work hangs on them. */
  close(): Promise<void>
}

/** `/health/alive`, `/health/ready` and `/metrics`, for those who run the house: never on a public address. */
export function openOperationsListener(parts: {
  /** 0: one that is free. */
  readonly port: number
  readonly host: string
  readonly checks: Readonly<Record<string, ReadinessCheck>>
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  /** How long a check may take, in milliseconds. Default: 2000. */
  readonly checkMs?: number
}): OperationsListener {
  const ready = openReadiness(parts.checks, parts.checkMs ?? 2000)
  const server = createServer({ headersTimeout: 5000, requestTimeout: 5000 }, (request, response) => {
    respond(request, ready, parts.metrics).then(
      (answer) => send(response, answer),
      () => send(response, plain(500, 'failed')),
    )
  })
  server.maxConnections = 64

  function start(): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(parts.port, parts.host, () => {
        server.off('error', reject)
        const address = server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : parts.port)
      })
    })
  }

  function close(): Promise<void> {
    return new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  return { start, close }
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

async function respond(
  request: IncomingMessage,
  ready: () => Promise<Readonly<Record<string, string>>>,
  metrics: Pick<Metrics, 'text' | 'contentType'>,
): Promise<Answer> {
  if (request.method !== 'GET') return plain(405, 'GET only')
  switch (request.url) {
    case '/health/alive':
      return json(200, { status: 'alive' })
    case '/health/ready': {
      const faults = await ready()
      const isReady = Object.keys(faults).length === 0
      return json(
        isReady ? 200 : 503,
        isReady ? { status: 'ready' } : { status: 'not ready', reasons: faults },
      )
    }
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.text() }
    default:
      return plain(404, 'not here')
  }
}

function json(status: number, value: object): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) }
}

function plain(status: number, word: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${word}\n` }
}

function send(response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
    ...(status === 405 && { Allow: 'GET' }),
  })
  response.end(body)
}
