import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import tls from 'node:tls'
import { type JsonObject, parseObject } from './json.ts'
import { Unexpected } from './unexpected.ts'

/** Header lines to send: an array sends the header once per element, `undefined` leaves it out. */
export type HeaderLines = Readonly<Record<string, string | readonly string[] | undefined>>

/** A client certificate (PEM, leaf first) with its private key (PEM). */
export interface ClientCertificate {
  readonly certificate: string
  readonly key: string
}

export interface OutgoingRequest {
  readonly method?: string
  readonly url: string
  readonly headers?: HeaderLines
  readonly body?: string | Buffer
  /** Sent as request target instead of the URL's own path, untouched by URL parsing. */
  readonly target?: string
  /** Base URL of the process to connect to; Host and SNI still say what `url` says. */
  readonly via?: string
  /** `false` presents none, whatever the transport has. */
  readonly certificate?: ClientCertificate | false
  readonly signal?: AbortSignal
}

/** One answer, whole. Header names are lower case in `headers`, as sent in `rawHeaders`. */
export interface Answer {
  readonly method: string
  readonly url: string
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly milliseconds: number
  /** The body as a JSON object. Throws Unexpected when it is none. */
  json(): JsonObject
}

export interface TransportOptions {
  /** PEM certificates to trust instead of the system's. */
  readonly ca?: string | readonly string[]
  readonly certificate?: ClientCertificate
  readonly timeoutMs?: number
  /** Told of every answer, in order of arrival. */
  readonly observe?: (answer: Answer) => void
}

export interface Transport {
  /** Sends once and never repeats by itself. Rejects with Unanswered when no whole answer arrives. */
  send(request: OutgoingRequest): Promise<Answer>
  /** The same connections' settings with another certificate, for another party on the same machine. */
  withCertificate(certificate: ClientCertificate): Transport
  close(): void
}

/** HTTP/1.1 with keep-alive. Names that end in `.test` (RFC 6761 §6.2) are this machine. */
export function openTransport(options: TransportOptions = {}): Transport {
  const plain = new http.Agent({ keepAlive: true })
  const agents = new Map<ClientCertificate | false, https.Agent>()

  function secureAgent(certificate: ClientCertificate | false): https.Agent {
    const known = agents.get(certificate)
    if (known !== undefined) return known
    const agent = new https.Agent({ keepAlive: true, secureContext: contextFor(options.ca, certificate) })
    agents.set(certificate, agent)
    return agent
  }

  async function send(request: OutgoingRequest): Promise<Answer> {
    const started = performance.now()
    const certificate = request.certificate ?? options.certificate ?? false
    const answer = await exchange(request, options.timeoutMs ?? 30_000, (secure) =>
      secure ? secureAgent(certificate) : plain,
    ).catch((fault: Error) => {
      throw new Unanswered(request, fault)
    })
    const whole = completed(request, answer, performance.now() - started)
    options.observe?.(whole)
    return whole
  }

  return {
    send,
    withCertificate: (certificate) => openTransport({ ...options, certificate }),
    close() {
      plain.destroy()
      for (const agent of agents.values()) agent.destroy()
    },
  }
}

/** No whole answer arrived: refused, reset, timed out or broken off; `cause` is the fault as Node names it. */
export class Unanswered extends Error {
  constructor(request: OutgoingRequest, fault: Error & { readonly code?: string }) {
    const why = fault.code ?? fault.message
    super(`${request.method ?? 'GET'} ${request.url.split('?')[0]}: no whole answer (${why}).`, {
      cause: fault,
    })
    this.name = 'Unanswered'
  }
}

function contextFor(ca: TransportOptions['ca'], certificate: ClientCertificate | false): tls.SecureContext {
  return tls.createSecureContext({
    ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
    ...(certificate && { cert: certificate.certificate, key: certificate.key }),
  })
}

interface Received {
  readonly message: http.IncomingMessage
  readonly body: string
}

function exchange(
  request: OutgoingRequest,
  timeoutMs: number,
  agentFor: (secure: boolean) => http.Agent,
): Promise<Received> {
  const url = new URL(request.url)
  const peer = new URL(request.via ?? request.url)
  const secure = peer.protocol === 'https:'
  return new Promise((resolve, reject) => {
    const outgoing = (secure ? https : http).request({
      agent: agentFor(secure),
      method: request.method ?? 'GET',
      host: unbracketed(peer.hostname),
      port: peer.port === '' ? (secure ? 443 : 80) : Number(peer.port),
      path: request.target ?? `${url.pathname}${url.search}`,
      headers: headersFor(request, url),
      lookup: lookupHere,
      timeout: timeoutMs,
      ...(secure && { servername: serverName(url) }),
      ...(request.signal && { signal: request.signal }),
    })
    outgoing.on('error', reject)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    outgoing.on('response', (message) => collect(message).then((body) => resolve({ message, body }), reject))
    outgoing.end(request.body)
  })
}

function headersFor(request: OutgoingRequest, url: URL): http.OutgoingHttpHeaders {
  const body = request.body
  const length = body === undefined ? undefined : String(Buffer.byteLength(body))
  const lines = { host: url.host, 'content-length': length, ...lowerCased(request.headers ?? {}) }
  const sent = Object.entries(lines).filter((line) => line[1] !== undefined)
  return Object.fromEntries(sent.map(([name, value]) => [name, Array.isArray(value) ? [...value] : value]))
}

function lowerCased(headers: HeaderLines): HeaderLines {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}

async function collect(message: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  // A stream without an encoding set gives Buffers only.
  for await (const chunk of message) chunks.push(chunk as Buffer)
  if (!message.complete) throw new Error('the answer broke off')
  return Buffer.concat(chunks).toString('utf8')
}

function completed(request: OutgoingRequest, { message, body }: Received, milliseconds: number): Answer {
  const method = request.method ?? 'GET'
  const { statusCode } = message
  if (statusCode === undefined) throw new Unexpected(`${method} ${request.url}`, 'a status', 'none')
  return {
    method,
    url: request.url,
    status: statusCode,
    headers: message.headers,
    rawHeaders: message.rawHeaders,
    body,
    milliseconds,
    json: () => parseObject(body, `${method} ${request.url} (${statusCode})`),
  }
}

const lookupHere: LookupFunction = (hostname, options, callback) => {
  if (!hostname.endsWith('.test')) return dns.lookup(hostname, options, callback)
  if (options.all) return callback(null, [{ address: '127.0.0.1', family: 4 }])
  return callback(null, '127.0.0.1', 4)
}

/** RFC 6066 §3: no addresses in SNI. */
function serverName(url: URL): string {
  const host = unbracketed(url.hostname)
  return isIP(host) === 0 ? host : ''
}

function unbracketed(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}
