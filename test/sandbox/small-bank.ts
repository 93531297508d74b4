import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeJwt,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
  type JSONWebKeySet,
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

export interface SmallBank {
  readonly url: string
  readonly mood: Mood
  /** Method and path of every request, in order. */
  readonly seen: string[]
  /** Every token and code that left the bank. */
  readonly secrets: string[]
  close(): Promise<void>
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

class Refused extends Error {
  readonly answer: Answered

  constructor(answer: Answered) {
    super(JSON.stringify(answer))
    this.answer = answer
  }
}

const NONCE = 'the-nonce-of-this-server'

/**
 * Just enough of an authorization server and its API to try a third party against: checks the statement, the client
 * assertion, PKCE, and every DPoP proof with its nonce; its customer decides at once.
 */
export async function openSmallBank(): Promise<SmallBank> {
  const signer = await generateKeyPair('PS256', { extractable: true })
  const jwk = { ...(await exportJWK(signer.publicKey)), kid: 'bank', alg: 'PS256', use: 'sig' }
  const mood: Mood = { customer: 'agrees', consent: 'alive', data: 'given', client: 'known' }
  const secrets: string[] = []
  const clients = new Map<string, JSONWebKeySet>()
  const requests = new Map<string, URLSearchParams>()
  const codes = new Map<string, URLSearchParams>()
  const tokens = new Map<string, string>()
  const refreshTokens = new Set<string>()
  const seen: string[] = []
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${(server.address() as AddressInfo).port}`

  const secret = () => {
    const value = randomUUID() + randomUUID()
    secrets.push(value)
    return value
  }
  const authenticate = async ({ form }: Asked) => {
    const assertion = form.get('client_assertion') ?? ''
    const clientId = decodeJwt(assertion).sub ?? ''
    const keys = clients.get(clientId)
    if (keys === undefined || mood.client === 'forgotten')
      throw new Refused({ status: 401, json: { error: 'invalid_client' } })
    await jwtVerify(assertion, createLocalJWKSet(keys), {
      audience: url,
      issuer: clientId,
      algorithms: ['PS256'],
    })
    return clientId
  }
  const proven = async (asked: Asked, token?: string) => {
    const proof = asked.request.headers.dpop
    const { payload, protectedHeader } = await jwtVerify(String(proof), EmbeddedJWK, { typ: 'dpop+jwt' })
    if (payload.nonce !== NONCE) {
      const headers = {
        'dpop-nonce': NONCE,
        ...(token && { 'www-authenticate': 'DPoP error="use_dpop_nonce", algs="ES256"' }),
      }
      throw new Refused({ status: token ? 401 : 400, json: { error: 'use_dpop_nonce' }, headers })
    }
    const expected = [asked.request.method, asked.url.origin + asked.url.pathname]
    if (String([payload.htm, payload.htu]) !== String(expected)) throw new Refused({ status: 400 })
    if (token && payload.ath !== createHash('sha256').update(token).digest('base64url'))
      throw new Refused({ status: 400 })
    return calculateJwkThumbprint(protectedHeader.jwk ?? {})
  }
  const issue = (jkt: string) => {
    const accessToken = secret()
    tokens.set(accessToken, jkt)
    return { access_token: accessToken, token_type: 'DPoP', expires_in: 300, scope: 'openid accounts' }
  }

  const handlers: Readonly<Record<string, (asked: Asked) => Promise<Answered>>> = {
    'GET /.well-known/openid-configuration': async () => ({
      status: 200,
      json: {
        issuer: url,
        authorization_endpoint: `${url}/auth`,
        token_endpoint: `${url}/token`,
        pushed_authorization_request_endpoint: `${url}/request`,
        registration_endpoint: `${url}/reg`,
        revocation_endpoint: `${url}/revocation`,
        jwks_uri: `${url}/jwks`,
        response_types_supported: ['code'],
        authorization_response_iss_parameter_supported: true,
        code_challenge_methods_supported: ['S256'],
      },
    }),
    'GET /jwks': async () => ({ status: 200, json: { keys: [jwk] } }),
    'POST /reg': async ({ body }) => {
      const { software_statement, ...metadata } = JSON.parse(body)
      const statement = decodeJwt<{ software_jwks: JSONWebKeySet }>(software_statement)
      const clientId = randomUUID()
      clients.set(clientId, statement.software_jwks)
      mood.client = 'known'
      return { status: 201, json: { ...metadata, client_id: clientId } }
    },
    'POST /request': async (asked) => {
      await authenticate(asked)
      await proven(asked)
      const reference = `urn:ietf:params:oauth:request_uri:${secret()}`
      requests.set(reference, asked.form)
      return { status: 201, json: { request_uri: reference, expires_in: 60 } }
    },
    'GET /auth': async (asked) => {
      const request = requests.get(asked.url.searchParams.get('request_uri') ?? '')
      if (request === undefined) return { status: 400 }
      const back = new URL(request.get('redirect_uri') ?? '')
      const code = secret()
      if (mood.customer === 'agrees') back.searchParams.set('code', code)
      else back.searchParams.set('error', 'access_denied')
      back.searchParams.set('state', request.get('state') ?? '')
      back.searchParams.set('iss', mood.issuer ?? url)
      codes.set(code, request)
      return { status: 303, headers: { location: back.href } }
    },
    'POST /token': async (asked) => {
      const clientId = await authenticate(asked)
      const jkt = await proven(asked)
      if (asked.form.get('grant_type') === 'refresh_token') {
        const known = refreshTokens.has(asked.form.get('refresh_token') ?? '') && mood.consent === 'alive'
        return known ? { status: 200, json: issue(jkt) } : { status: 400, json: { error: 'invalid_grant' } }
      }
      const request = codes.get(asked.form.get('code') ?? '')
      const challenge = createHash('sha256')
        .update(asked.form.get('code_verifier') ?? '')
        .digest('base64url')
      if (request?.get('code_challenge') !== challenge)
        return { status: 400, json: { error: 'invalid_grant' } }
      const idToken = await new SignJWT({ nonce: request.get('nonce') })
        .setProtectedHeader({ alg: 'PS256', kid: 'bank' })
        .setIssuer(url)
        .setAudience(clientId)
        .setSubject('somebody')
        .setIssuedAt()
        .setExpirationTime('5 minutes')
        .sign(signer.privateKey)
      const refreshToken = secret()
      refreshTokens.add(refreshToken)
      return { status: 200, json: { ...issue(jkt), refresh_token: refreshToken, id_token: idToken } }
    },
    'POST /revocation': async (asked) => {
      await authenticate(asked)
      refreshTokens.delete(asked.form.get('token') ?? '')
      return { status: 200 }
    },
  }

  const data = async (asked: Asked): Promise<Answered> => {
    const [scheme, token = ''] = (asked.request.headers.authorization ?? '').split(' ')
    if (scheme !== 'DPoP' || tokens.get(token) !== (await proven(asked, token)) || mood.consent === 'ended')
      return { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_token", algs="ES256"' } }
    if (mood.data === 'unavailable') return { status: 503, json: { error: 'temporarily_unavailable' } }
    const at = new Date().toISOString()
    if (asked.url.pathname.endsWith('/balances'))
      return {
        status: 200,
        json: { balances: [{ type: 'InterimAvailable', amount: '1234.56', currency: 'GBP', at }] },
      }
    if (asked.url.pathname.endsWith('/transactions'))
      return {
        status: 200,
        json: {
          transactions: [
            {
              transactionId: '1',
              bookedAt: at,
              amount: '-4.50',
              currency: 'GBP',
              status: 'booked',
              description: 'Café <b>',
            },
          ],
        },
      }
    const identification = { scheme: 'UK.SortCodeAccountNumber', value: '00123410024821' }
    const account = {
      accountId: 'a-1',
      type: 'current',
      currency: 'GBP',
      nickname: 'Everyday <i>account</i>',
    }
    return { status: 200, json: { accounts: [{ ...account, identification }] } }
  }

  server.on('request', async (request, response) => {
    const asked = await read(request, url)
    const name = `${request.method} ${asked.url.pathname}`
    seen.push(name)
    const handler = handlers[name] ?? (asked.url.pathname.startsWith('/api/') ? data : undefined)
    const answer = await (handler?.(asked) ?? Promise.resolve<Answered>({ status: 404 })).catch(
      (error: unknown) => {
        if (error instanceof Refused) return error.answer
        process.stderr.write(`${String(error)}\n`)
        return { status: 500 }
      },
    )
    send(response, answer)
  })
  return {
    url,
    mood,
    seen,
    secrets,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function read(request: IncomingMessage, base: string): Promise<Asked> {
  const body = await text(request)
  return { request, url: new URL(request.url ?? '/', base), body, form: new URLSearchParams(body) }
}

function send(response: ServerResponse, { status, json, headers }: Answered): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers })
  response.end(json === undefined ? '' : JSON.stringify(json))
}
