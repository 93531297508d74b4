import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { Problem } from '../domain/problem.ts'

/** One address that Postern listens on. */
export interface ListenerSettings {
  readonly name: string
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** What visitors call it, scheme and host (and port) as they see them. */
  readonly publicUrl: string
  /** PEM. Without it the listener speaks plain HTTP: on loopback, or behind a TLS terminator. */
  readonly tls?: { readonly cert: string; readonly key: string }
  /** Private listeners are called by address: any Host will do where every caller has proved who it is. */
  readonly anyHost?: boolean
  /** Asks for a client certificate; which ones are good is judged by whoever needs one, not by the handshake. */
  readonly asksForCertificate?: boolean
  /** Only clients whose certificate this CA (PEM) signed get through the handshake. */
  readonly clientCa?: string
}

export interface Listener {
  /** Listens. Throws Problem `unavailable` when the port cannot be had. */
  start(): Promise<number>
  /** No new connections; those under way have `graceMs` to end. */
  close(graceMs?: number): Promise<void>
}

// BCP 195 (RFC 9325 §4.2) for TLS 1.2; TLS 1.3 brings its own.
const CIPHERS = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':')

/**
 * The front handler of one address: checks that the request names our host, throws away every header by which a
 * visitor could pretend to be a proxy, a certificate or an identity, and hands the rest on.
 */
export function openListener(settings: ListenerSettings, handler: RequestListener): Listener {
  const publicUrl = new URL(settings.publicUrl)
  const server = createServer(settings, (request, response) => {
    const refusal = refusalOf(request, settings.anyHost ? undefined : publicUrl.host)
    if (refusal !== undefined) {
      response.writeHead(refusal.status, {
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
        connection: 'close',
      })
      response.end(JSON.stringify({ error: 'invalid_request', error_description: refusal.sentence }))
      return
    }
    rewriteHeaders(request, publicUrl)
    handler(request, response)
  })
  // hardening.md §4: half-open connections and header floods end by themselves.
  server.headersTimeout = 10_000
  server.requestTimeout = 15_000
  server.maxHeadersCount = 64
  server.maxConnections = 10_000
  return { start: () => listen(server, settings), close: (graceMs = 10_000) => drain(server, graceMs) }
}

/** How often Node looks whether a request is late, in milliseconds; by default so seldom that 10 seconds become 40. */
const LATENESS_CHECKED_EVERY = 1_000

function createServer(settings: ListenerSettings, handler: RequestListener): Server {
  const { tls, asksForCertificate = false, clientCa } = settings
  const options = { connectionsCheckingInterval: LATENESS_CHECKED_EVERY }
  if (tls === undefined) return createHttpServer(options, handler)
  return createHttpsServer(
    {
      ...options,
      cert: tls.cert,
      key: tls.key,
      minVersion: 'TLSv1.2',
      ciphers: `TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:${CIPHERS}`,
      honorCipherOrder: true,
      requestCert: asksForCertificate || clientCa !== undefined,
      rejectUnauthorized: clientCa !== undefined,
      ...(clientCa !== undefined && { ca: clientCa }),
    },
    handler,
  )
}

function refusalOf(
  request: IncomingMessage,
  host: string | undefined,
): { readonly status: number; readonly sentence: string } | undefined {
  const named = valuesOf(request, 'host')
  if (named.length !== 1) return { status: 400, sentence: 'exactly one Host header is needed' }
  if (host !== undefined && named[0]?.toLowerCase() !== host)
    return { status: 421, sentence: 'this is not the host you asked for' }
  if (!request.url?.startsWith('/')) return { status: 400, sentence: 'the request target must be a path' }
  return undefined
}

function valuesOf({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}

// What a proxy in front would say of the visitor. None is trusted here, so none of these is anybody's word.
const foreign = [
  /^x-forwarded-/,
  /^forwarded$/,
  /^x-real-ip$/,
  /^x-amzn-mtls-/,
  /^(x-)?(ssl-)?client-cert/,
  /^x-ssl-/,
  /^x-original-(url|host)$/,
  /^x-rewrite-url$/,
  /^x-http-method(-override)?$/,
]

/** The engine builds its URLs from these two; they say what the visitor sees, whoever ended TLS. */
function rewriteHeaders(request: IncomingMessage, publicUrl: URL): void {
  for (const name of Object.keys(request.headers)) {
    if (foreign.some((pattern) => pattern.test(name))) delete request.headers[name]
  }
  request.headers['x-forwarded-proto'] = publicUrl.protocol.slice(0, -1)
  request.headers['x-forwarded-host'] = publicUrl.host
}

function listen(server: Server, { name, host, port }: ListenerSettings): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is in use by another program' : `cannot be had (${cause.code})`
      reject(new Problem('unavailable', `The ${name} listener's port ${host}:${port} ${why}.`, { cause }))
    })
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

function drain(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const hurry = setTimeout(() => server.closeAllConnections(), graceMs)
    // A connection whose last answer has just left would otherwise stay for its keep-alive time.
    const sweep = setInterval(() => server.closeIdleConnections(), 50)
    server.close(() => {
      clearTimeout(hurry)
      clearInterval(sweep)
      resolve()
    })
    server.closeIdleConnections()
  })
}
