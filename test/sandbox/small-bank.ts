import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  type CryptoKey,
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
  type JWK,
  jwtVerify,
  SignJWT,
} from 'jose'

/** How the bank behaves next; a test turns these. */
export interface Mood {
  customer: 'agrees' | 'refuses'
  consent: 'alive' | 'ended'
  data: 'given' | 'unavailable'
  client: 'known' | 'forgotten'
  issuer?: string
}

interface Asked {
  readonly request: IncomingMessage
  readonly url: URL
  readonly body: string
  readonly form: URLSearchParams
}

interface Answered {
  readonly status: number
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Handler = (asked: Asked) => Promise<Answered> | Answered

class Refused extends Error {
  readonly answer: Answered

  constructor(answer: Answered) {
    super(JSON.stringify(answer))
    this.answer = answer
  }
}

const NONCE = 'the-nonce-of-this-server'

/**
 * Just enough of an authorization server and its API to try a third party against: checks the statement's keys, the client
 * assertion, PKCE, and every DPoP proof with its nonce; its customer decides at once.
 */
export class SmallBank {
  readonly url: string
  readonly mood: Mood = { customer: 'agrees', consent: 'alive', data: 'given', client: 'known' }
  /** Method and path of every request, in order. */
  readonly seen: string[] = []
  /** Every token, code and reference that left the bank. */
  readonly secrets: string[] = []
  readonly #server: Server
  readonly #signingKey: CryptoKey
  readonly #jwk: JWK
  readonly #clients = new Map<string, JSONWebKeySet>()
  readonly #requests = new Map<string, URLSearchParams>()
  readonly #codes = new Map<string, URLSearchParams>()
  readonly #accessTokens = new Map<string, string>()
  readonly #refreshTokens = new Set<string>()
  readonly #handlers: Readonly<Record<string, Handler>> = {
    'GET /.well-known/openid-configuration': () => this.#discovery(),
    'GET /jwks': () => ({ status: 200, json: { keys: [this.#jwk] } }),
    'POST /reg': (asked) => this.#register(asked),
    'POST /request': (asked) => this.#push(asked),
    'GET /auth': (asked) => this.#authorize(asked),
    'POST /token': (asked) => this.#token(asked),
    'POST /revocation': (asked) => this.#revoke(asked),
  }

  private constructor(server: Server, signingKey: CryptoKey, jwk: JWK) {
    this.#server = server
    this.#signingKey = signingKey
    this.#jwk = jwk
    this.url = `http://localhost:${(server.address() as AddressInfo).port}`
    server.on('request', (request, response) => this.#serve(request, response))
  }

  static async open(): Promise<SmallBank> {
    const { publicKey, privateKey } = await generateKeyPair('PS256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'bank', alg: 'PS256', use: 'sig' }
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SmallBank(server, privateKey, jwk)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await read(request, this.url)
    const name = `${request.method} ${asked.url.pathname}`
    this.seen.push(name)
    const handler = this.#handlers[name] ?? ((asked: Asked) => this.#data(asked))
    try {
      send(response, await handler(asked))
    } catch (error) {
      if (!(error instanceof Refused)) process.stderr.write(`${String(error)}\n`)
      send(response, error instanceof Refused ? error.answer : { status: 500 })
    }
  }

  #discovery(): Answered {
    const endpoint = (name: string) => `${this.url}/${name}`
    const json = {
      issuer: this.url,
      authorization_endpoint: endpoint('auth'),
      token_endpoint: endpoint('token'),
      pushed_authorization_request_endpoint: endpoint('request'),
      registration_endpoint: endpoint('reg'),
      revocation_endpoint: endpoint('revocation'),
      jwks_uri: endpoint('jwks'),
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
      code_challenge_methods_supported: ['S256'],
    }
    return { status: 200, json }
  }

  #register({ body }: Asked): Answered {
    const { software_statement, ...metadata } = JSON.parse(body)
    const statement = decodeJwt<{ software_jwks: JSONWebKeySet }>(software_statement)
    const clientId = randomUUID()
    this.#clients.set(clientId, statement.software_jwks)
    this.mood.client = 'known'
    return { status: 201, json: { ...metadata, client_id: clientId } }
  }

  async #push(asked: Asked): Promise<Answered> {
    await this.#authenticate(asked)
    await prove(asked)
    const reference = `urn:ietf:params:oauth:request_uri:${this.#secret()}`
    this.#requests.set(reference, asked.form)
    return { status: 201, json: { request_uri: reference, expires_in: 60 } }
  }

  #authorize({ url }: Asked): Answered {
    const request = this.#requests.get(url.searchParams.get('request_uri') ?? '')
    if (request === undefined) return { status: 400 }
    const back = new URL(request.get('redirect_uri') ?? '')
    const code = this.#secret()
    this.#codes.set(code, request)
    if (this.mood.customer === 'agrees') back.searchParams.set('code', code)
    else back.searchParams.set('error', 'access_denied')
    back.searchParams.set('state', request.get('state') ?? '')
    back.searchParams.set('iss', this.mood.issuer ?? this.url)
    return { status: 303, headers: { location: back.href } }
  }

  async #token(asked: Asked): Promise<Answered> {
    const clientId = await this.#authenticate(asked)
    const jkt = await prove(asked)
    if (asked.form.get('grant_type') === 'refresh_token') return this.#refreshed(asked.form, jkt)
    const request = this.#codes.get(asked.form.get('code') ?? '')
    const challenge = sha256(asked.form.get('code_verifier') ?? '')
    if (request?.get('code_challenge') !== challenge) return { status: 400, json: { error: 'invalid_grant' } }
    const refreshToken = this.#secret()
    this.#refreshTokens.add(refreshToken)
    const idToken = await this.#idToken(clientId, request.get('nonce'))
    return {
      status: 200,
      json: { ...this.#accessToken(jkt), refresh_token: refreshToken, id_token: idToken },
    }
  }

  #refreshed(form: URLSearchParams, jkt: string): Answered {
    const known = this.#refreshTokens.has(form.get('refresh_token') ?? '') && this.mood.consent === 'alive'
    if (!known) return { status: 400, json: { error: 'invalid_grant' } }
    return { status: 200, json: this.#accessToken(jkt) }
  }

  #accessToken(jkt: string): object {
    const accessToken = this.#secret()
    this.#accessTokens.set(accessToken, jkt)
    return { access_token: accessToken, token_type: 'DPoP', expires_in: 300, scope: 'openid accounts' }
  }

  #idToken(clientId: string, nonce: string | null): Promise<string> {
    return new SignJWT({ nonce })
      .setProtectedHeader({ alg: 'PS256', kid: 'bank' })
      .setIssuer(this.url)
      .setAudience(clientId)
      .setSubject('somebody')
      .setIssuedAt()
      .setExpirationTime('5 minutes')
      .sign(this.#signingKey)
  }

  async #revoke(asked: Asked): Promise<Answered> {
    await this.#authenticate(asked)
    this.#refreshTokens.delete(asked.form.get('token') ?? '')
    return { status: 200 }
  }

  async #data(asked: Asked): Promise<Answered> {
    const [scheme, token = ''] = (asked.request.headers.authorization ?? '').split(' ')
    const bound = scheme === 'DPoP' && this.#accessTokens.get(token) === (await prove(asked, token))
    if (!bound || this.mood.consent === 'ended')
      return { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' } }
    if (this.mood.data === 'unavailable') return { status: 503, json: { error: 'temporarily_unavailable' } }
    const [part = ''] = asked.url.pathname.match(/\w+$/) ?? []
    return { status: 200, json: dataOf(part) }
  }

  async #authenticate({ form }: Asked): Promise<string> {
    const assertion = form.get('client_assertion') ?? ''
    const clientId = decodeJwt(assertion).sub ?? ''
    const keys = this.#clients.get(clientId)
    if (keys === undefined || this.mood.client === 'forgotten')
      throw new Refused({ status: 401, json: { error: 'invalid_client' } })
    const expected = { audience: this.url, issuer: clientId, algorithms: ['PS256'] }
    await jwtVerify(assertion, createLocalJWKSet(keys), expected)
    return clientId
  }

  #secret(): string {
    const value = randomUUID() + randomUUID()
    this.secrets.push(value)
    return value
  }
}

/** Checks the DPoP proof (RFC 9449 §4.3) and answers its key's thumbprint; asks for the nonce first. */
async function prove({ request, url }: Asked, token?: string): Promise<string> {
  const proof = await jwtVerify(String(request.headers.dpop), EmbeddedJWK, { typ: 'dpop+jwt' })
  const { nonce, htm, htu, ath } = proof.payload
  if (nonce !== NONCE) throw new Refused(askForNonce(token !== undefined))
  if (htm !== request.method || htu !== url.origin + url.pathname) throw new Refused({ status: 400 })
  if (token !== undefined && ath !== sha256(token)) throw new Refused({ status: 400 })
  return calculateJwkThumbprint(proof.protectedHeader.jwk ?? {})
}

function askForNonce(atResource: boolean): Answered {
  const nonce = { 'dpop-nonce': NONCE }
  const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce", algs="ES256"' }
  return atResource
    ? { status: 401, headers: { ...nonce, ...challenge } }
    : { status: 400, headers: nonce, json: { error: 'use_dpop_nonce' } }
}

function dataOf(part: string): object {
  const at = new Date().toISOString()
  const money = { currency: 'GBP' }
  switch (part) {
    case 'balances':
      return { balances: [{ type: 'InterimAvailable', amount: '1234.56', at, ...money }] }
    case 'transactions':
      return {
        transactions: [
          {
            transactionId: '1',
            bookedAt: at,
            amount: '-4.50',
            status: 'booked',
            description: 'Café <b>',
            ...money,
          },
        ],
      }
    default: {
      const identification = { scheme: 'UK.SortCodeAccountNumber', value: '00123410024821' }
      const account = { accountId: 'a-1', type: 'current', nickname: 'Everyday <i>account</i>', ...money }
      return { accounts: [{ ...account, identification }] }
    }
  }
}

function sha256(value: string): string {
  return createHash('sha256').update(value).digest('base64url')
}

async function read(request: IncomingMessage, base: string): Promise<Asked> {
  const body = await text(request)
  return { request, url: new URL(request.url ?? '/', base), body, form: new URLSearchParams(body) }
}

function send(response: ServerResponse, { status, json, headers }: Answered): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(json === undefined ? '' : JSON.stringify(json))
}
