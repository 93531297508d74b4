import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTHeaderParameters, SignJWT } from 'jose'
import { type Bank, openBank } from '../../src/bank/bank.ts'
import type { Confirmation, LiveToken } from '../../src/domain/live-token.ts'
import { openAdmission } from '../../src/gateway/admission.ts'
import type { Admitter, Disclosure, KnownRefusal } from '../../src/gateway/admitter.ts'
import { gatewayApp } from '../../src/gateway/door.ts'
import type { Observation } from '../../src/gateway/gate.ts'
import { fapi2 } from '../../src/profiles/fapi2/index.ts'
import type { BankAccount, BankTransaction } from '../../src/profiles/profile.ts'

/** The address third parties know; where the test's server really listens is nobody's business. */
export const BASE = 'https://api.meridian.test/open-banking'
export const NOW = new Date('2026-06-15T12:00:00Z')

export const everyPermission = [
  'ReadAccountsDetail',
  'ReadBalances',
  'ReadTransactionsDetail',
  'ReadTransactionsCredits',
  'ReadTransactionsDebits',
]

export interface Reply {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly text: string
  /** Parsed loosely: tests look into it by name. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects and fails when it is not there
  readonly json: any
}

/** One HTTP request with exactly these headers, repeated ones included. */
export async function call(
  port: number,
  path: string,
  headers: readonly (readonly [string, string])[] = [],
  method = 'GET',
): Promise<Reply> {
  const outgoing = request({ host: '127.0.0.1', port, path, method, agent: false })
  const names = new Set(headers.map(([name]) => name))
  for (const name of names)
    outgoing.setHeader(
      name,
      headers.filter(([other]) => other === name).map(([, value]) => value),
    )
  outgoing.end()
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage]
  const text = await textOf(incoming)
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    raw: incoming.rawHeaders,
    text,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

export type BankHandler = (request: IncomingMessage, response: ServerResponse) => void

/** A bank that notes what reached it and answers as a test tells it to. */
export interface StubBank {
  readonly url: string
  readonly seen: { readonly target: string; readonly headers: IncomingMessage['headers'] }[]
  handler: BankHandler
  close(): Promise<void>
}

export async function openStubBank(): Promise<StubBank> {
  const seen: StubBank['seen'] = []
  const server = createServer((incoming, response) => {
    seen.push({ target: `${incoming.method} ${incoming.url}`, headers: incoming.headers })
    bank.handler(incoming, response)
  })
  const port = await listen(server)
  const bank: StubBank = {
    url: `http://127.0.0.1:${port}/core`,
    seen,
    handler: honestBank,
    close: () => closeServer(server),
  }
  return bank
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    server: 'CoreBank/9',
    'x-internal': '10.0.0.7',
  })
  response.end(JSON.stringify(body))
}

export function account(accountId: string, more: Partial<BankAccount> = {}): BankAccount {
  return {
    accountId,
    type: 'current',
    currency: 'GBP',
    nickname: `Account ${accountId}`,
    holderName: 'Maya Lindqvist',
    identification: { scheme: 'UK.SortCodeAccountNumber', value: '20304012345678' },
    openedOn: '2019-04-01',
    shareable: true,
    balance: { type: 'available', amount: '10.00', currency: 'GBP', at: '2026-06-15T11:00:00Z' },
    ...more,
  }
}

export const movements: readonly BankTransaction[] = [
  ['t5', '2026-06-20T09:00:00Z', '-5.00'],
  ['t4', '2026-06-14T09:00:00Z', '-4.00'],
  ['t3', '2026-05-01T00:00:00Z', '30.00'],
  ['t2', '2026-03-01T09:00:00Z', '-2.00'],
  ['t1', '2025-12-31T23:59:59Z', '10.00'],
].map(([transactionId = '', bookedAt = '', amount = '']) => ({
  transactionId,
  bookedAt,
  amount,
  currency: 'GBP',
  status: 'booked',
  description: `secret ${transactionId}`,
  counterparty: { name: 'Corner Shop', account: '20304087654321' },
}))

/** Knows customer cust-1 with accounts b-1, b-2, b-3; gives every transaction whatever period was asked. */
export const honestBank: BankHandler = (incoming, response) => {
  const [path = ''] = (incoming.url ?? '').split('?')
  const [, , , customer, , accountId, what] = path.split('/')
  const accounts = ['b-1', 'b-2', 'b-3'].map((id) => account(id))
  const one = accounts.find((candidate) => candidate.accountId === accountId)
  if (customer !== 'cust-1' || (accountId !== undefined && one === undefined))
    json(response, 404, { error: 'not-found', description: 'no' })
  else if (accountId === undefined) json(response, 200, { accounts, total: 3 })
  else if (what === 'balances') json(response, 200, { balances: [one?.balance] })
  else if (what === 'transactions') json(response, 200, { transactions: movements })
  else json(response, 200, { ...one, internalScore: 7 })
}

/** A third party's key, and the proofs it makes. */
export interface Prover {
  readonly jkt: string
  proof(options: ProofOptions): Promise<string>
}

export interface ProofOptions {
  readonly token: string
  readonly path?: string
  /** Members that differ; undefined leaves one out. */
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
}

export async function openProver(nonce: () => string | undefined, now: () => Date): Promise<Prover> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    proof: async ({ token, path = '/accounts', claims = {}, header = {} }) => {
      const all = {
        jti: randomUUID(),
        htm: 'GET',
        htu: `${BASE}${path}`,
        iat: Math.floor(now().getTime() / 1000),
        ath: createHash('sha256').update(token).digest('base64url'),
        nonce: nonce(),
        ...claims,
      }
      const protectedHeader = { alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }
      // A test may leave out what the type demands: that is what it tests.
      return new SignJWT(all)
        .setProtectedHeader(protectedHeader as JWTHeaderParameters)
        .sign(privateKey, { crit: { x: true } })
    },
  }
}

export interface House {
  readonly port: number
  readonly bank: StubBank
  readonly prover: Prover
  readonly admitter: Admitter
  readonly tokens: Map<string, LiveToken>
  readonly spent: Map<string, Date>
  readonly disclosures: Disclosure[]
  readonly observations: Observation[]
  /** What was written down of known parties' refusals. */
  readonly refusals: KnownRefusal[]
  now: Date
  nonce: string | undefined
  certificateThumbprint: string | undefined
  /** A new access token of the consent below, DPoP-bound to `prover` unless told otherwise. */
  issue(changes?: IssueChanges): string
  /** GET with a fresh proof and the newest nonce. */
  get(path: string, token: string, query?: string): Promise<Reply>
  close(): Promise<void>
}

export interface IssueChanges extends Partial<Omit<LiveToken, 'consent'>> {
  readonly permissions?: readonly string[]
  readonly consent?: Partial<NonNullable<LiveToken['consent']>> | 'none'
}

/** A real HTTP server with the gateway, real proofs and a real bank over HTTP; the judge's ports are in memory. */
export async function openHouse(
  options: { readonly bankTimeout?: number; readonly admitter?: (own: Admitter) => Admitter } = {},
): Promise<House> {
  const stub = await openStubBank()
  const bank: Bank = openBank({ url: stub.url })
  const tokens = new Map<string, LiveToken>()
  const spent = new Map<string, Date>()
  const disclosures: Disclosure[] = []
  const refusals: KnownRefusal[] = []
  const observations: Observation[] = []
  const now = () => house.now
  const own = openAdmission({
    tokens: { live: async (token) => tokens.get(token) },
    replay: {
      spend: async (key, expiresAt) => {
        const name = key.toString('hex')
        if (key.length !== 32 || spent.has(name)) return false
        spent.set(name, expiresAt)
        return true
      },
    },
    disclosures: {
      record: async (disclosure) => {
        const alive = [...tokens.keys()].some((token) => ticketOf(token) === disclosure.ticket)
        if (alive) disclosures.push(disclosure)
        return alive
      },
    },
    refusals: { record: async (refusal) => void refusals.push(refusal) },
    nonceSecret: randomBytes(32),
    resource: BASE,
    now,
  })
  const admitter = options.admitter?.(own) ?? own
  const app = gatewayApp({
    admitter,
    bank,
    profile: fapi2,
    baseUrl: BASE,
    resourceMetadata: { authorizationServers: ['https://auth.meridian.test'], scopes: ['accounts'] },
    peer: () =>
      house.certificateThumbprint === undefined ? {} : { certificateThumbprint: house.certificateThumbprint },
    now,
    observe: (observation) => observations.push(observation),
    ...(options.bankTimeout !== undefined && { bankTimeout: options.bankTimeout }),
  })
  const server = createServer(app.callback())
  const port = await listen(server)
  const prover = await openProver(() => house.nonce, now)
  const house: House = {
    port,
    bank: stub,
    prover,
    admitter,
    tokens,
    spent,
    disclosures,
    observations,
    refusals,
    now: NOW,
    nonce: undefined,
    certificateThumbprint: undefined,
    issue: (changes = {}) => {
      const token = randomBytes(32).toString('base64url')
      tokens.set(token, liveToken({ jkt: prover.jkt }, changes))
      return token
    },
    get: async (path, token, query = '') => {
      const proof = await prover.proof({ token, path })
      return call(port, `/open-banking${path}${query}`, [
        ['authorization', `DPoP ${token}`],
        ['dpop', proof],
      ])
    },
    close: async () => {
      await closeServer(server)
      await bank.close()
      await stub.close()
    },
  }
  house.nonce = await firstNonce(house)
  return house
}

/** As a client gets it: by being asked for one. */
async function firstNonce(house: House): Promise<string> {
  const token = house.issue()
  const reply = await house.get('/accounts', token)
  house.tokens.delete(token)
  house.observations.length = 0
  return String(reply.headers['dpop-nonce'])
}

function liveToken(confirmation: Confirmation, changes: IssueChanges): LiveToken {
  const { permissions = everyPermission, consent, ...others } = changes
  return {
    kind: 'access',
    clientId: 'acme-budget',
    issuedAt: NOW,
    expiresAt: new Date('2026-06-15T12:10:00Z'),
    scope: 'openid accounts',
    resource: BASE,
    confirmation,
    subject: 'sub-1',
    ...(consent !== 'none' && {
      consent: {
        id: 'consent-1',
        permissions,
        accounts: [
          { accountId: 'A-two', bankAccountId: 'b-2' },
          { accountId: 'A-one', bankAccountId: 'b-1' },
        ],
        expiresAt: new Date('2026-12-01T00:00:00Z'),
        customerId: 'customer-1',
        bankCustomerId: 'cust-1',
        ...consent,
      },
    }),
    ...others,
  }
}

export function ticketOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
