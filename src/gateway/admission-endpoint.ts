import type { IncomingMessage, ServerResponse } from 'node:http'
import { TLSSocket } from 'node:tls'
import { isUnavailable } from '../domain/problem.ts'
import { admissionRequest, disclosure, knownRefusal } from './admission-wire.ts'
import type { Admitter } from './admitter.ts'

const LARGEST_QUESTION = 64 * 1024

/**
 * The judge's private door: POST /admit, /disclosed and /refused, JSON, at most 64 kB. For a TLS server with
 * `requestCert` and `rejectUnauthorized` whose only trusted CA is the one that names gateways; a connection without
 * a certificate that its server verified gets 403 here as well.
 */
export function admissionEndpoint(
  admitter: Admitter,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    answer(admitter, request).then(
      ({ status, body }) => send(response, status, body),
      (error) => send(response, isUnavailable(error) ? 503 : 500, { error: 'temporarily_unavailable' }),
    )
  }
}

interface Reply {
  readonly status: number
  readonly body: object
}

async function answer(admitter: Admitter, request: IncomingMessage): Promise<Reply> {
  if (!(request.socket instanceof TLSSocket && request.socket.authorized)) return no(403, 'forbidden')
  if (request.method !== 'POST') return no(405, 'post_only')
  const question = await read(request)
  if (question === undefined) return no(400, 'invalid_request')
  if (request.url === '/admit') {
    const asked = admissionRequest.safeParse(question)
    return asked.success
      ? { status: 200, body: await admitter.admit(asked.data) }
      : no(400, 'invalid_request')
  }
  if (request.url === '/disclosed') {
    const told = disclosure.safeParse(question)
    if (!told.success) return no(400, 'invalid_request')
    return { status: 200, body: { disclosed: await admitter.disclosed(told.data) } }
  }
  if (request.url === '/refused') {
    const told = knownRefusal.safeParse(question)
    if (!told.success) return no(400, 'invalid_request')
    await admitter.refused(told.data)
    return { status: 200, body: {} }
  }
  return no(404, 'not_found')
}

/** Undefined when the body is too large or not JSON. */
async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    // A request without an encoding set yields Buffers.
    chunks.push(chunk as Buffer)
    size += chunks.at(-1)?.length ?? 0
    if (size > LARGEST_QUESTION) return undefined
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return undefined
  }
}

function no(status: number, error: string): Reply {
  return { status, body: { error } }
}

function send(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...(status !== 200 && { connection: 'close' }),
  })
  response.end(JSON.stringify(body))
}
