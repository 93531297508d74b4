import { randomBytes, randomUUID } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { isObject, type Json, type JsonObject, merged, type Overrides, parseObject } from './json.ts'
import { type Algorithm, type KeyPair, makeKeyPair, signJws } from './jws.ts'
import type { TestAuthority } from './pki.ts'
import type { SoftwareFacts } from './registration.ts'

/** What an attack may change of a software statement. */
interface StatementParts {
  readonly claims?: Overrides
  readonly header?: Overrides
  readonly alg?: Algorithm
  /** Signs instead of the directory's key. */
  readonly key?: KeyPair
}

/** A directory on loopback that vouches for anything, and lies on request. */
export interface TestDirectory {
  /** Its base URL and its `iss`. */
  readonly url: string
  readonly key: KeyPair
  /** How often each path was asked for. */
  readonly asked: ReadonlyMap<string, number>
  statement(facts: SoftwareFacts, parts?: StatementParts): string
  /** What `/software/{id}` says from now on; `Active` until told otherwise. */
  setStatus(softwareId: string, status: 'Active' | 'Suspended' | 'Revoked'): void
  close(): Promise<void>
}

export interface TestDirectoryOptions {
  /** Issues the client certificates of `POST /certificates`. */
  readonly authority: TestAuthority
  readonly now?: () => Date
}

/**
 * Serves what a directory serves: `GET /jwks`, `GET /ca.pem`, `GET /software/{id}`, `POST /software-statements`
 * (JSON in, JWT out) and `POST /certificates` (PEM request in, PEM chain out).
 */
export async function openTestDirectory(options: TestDirectoryOptions): Promise<TestDirectory> {
  const { authority, now = () => new Date() } = options
  const key = await makeKeyPair('PS256')
  const statuses = new Map<string, string>()
  const asked = new Map<string, number>()
  const server = http.createServer((request, response) => {
    const path = request.url ?? '/'
    asked.set(path, (asked.get(path) ?? 0) + 1)
    answer(request, path).then(
      (reply) => response.writeHead(reply.status, { 'content-type': reply.type }).end(reply.body),
      () =>
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_request"}'),
    )
  })

  async function answer(request: http.IncomingMessage, path: string): Promise<Reply> {
    const body = await textOf(request)
    if (path === '/jwks') return json(200, { keys: [key.publicJwk] })
    if (path === '/ca.pem')
      return { status: 200, type: 'application/x-pem-file', body: authority.certificate }
    if (path === '/software-statements')
      return { status: 201, type: 'application/jwt', body: sign(askedClaims(parseObject(body, path)), {}) }
    if (path === '/certificates')
      return { status: 201, type: 'application/x-pem-file', body: await authority.answer(body) }
    const softwareId = /^\/software\/([A-Za-z0-9]+)$/.exec(path)?.[1]
    if (softwareId === undefined) return json(404, { error: 'not-found' })
    return json(200, { software_id: softwareId, status: statuses.get(softwareId) ?? 'Active' })
  }

  function sign(facts: JsonObject, { claims, header, alg, key: signer = key }: StatementParts): string {
    const iat = Math.floor(now().getTime() / 1000)
    const base = { iss: url, iat, exp: iat + 600, jti: randomUUID(), ...facts }
    const head = { alg: alg ?? signer.alg, kid: signer.kid, typ: 'JWT' }
    return signJws(merged(head, header), merged(base, claims), signer.privateKey)
  }

  const url = await listening(server)
  return {
    url,
    key,
    asked,
    statement: (facts, parts = {}) => sign(statementClaims(facts), parts),
    setStatus: (softwareId, status) => void statuses.set(softwareId, status),
    close: () => closed(server),
  }
}

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

function json(status: number, body: JsonObject): Reply {
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

function statementClaims(facts: SoftwareFacts): JsonObject {
  return {
    software_id: newId(),
    software_client_name: facts.name,
    software_redirect_uris: facts.redirectUris,
    software_jwks: { keys: facts.keys.map((key) => key.publicJwk) },
    software_roles: facts.roles,
    org_id: facts.organisation?.id ?? newId(),
    org_name: facts.organisation?.name ?? `${facts.name} Ltd`,
    org_status: 'Active',
  }
}

function askedClaims(body: JsonObject): JsonObject {
  const jwks = isObject(body.jwks) ? body.jwks : { keys: [] }
  return {
    software_id: orNew(body.software_id),
    software_client_name: body.client_name ?? '',
    software_redirect_uris: body.redirect_uris ?? [],
    software_jwks: jwks,
    software_roles: body.roles ?? [],
    org_id: orNew(body.org_id),
    org_name: body.org_name ?? `${String(body.client_name)} Ltd`,
    org_status: 'Active',
  }
}

function orNew(id: Json | undefined): string {
  return typeof id === 'string' ? id : newId()
}

function newId(): string {
  return randomBytes(11).toString('hex')
}

async function textOf(request: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  // A stream without an encoding set gives Buffers only.
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function listening(server: http.Server): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      // A server on a TCP port has an AddressInfo.
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    })
  })
}

function closed(server: http.Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
