import { randomUUID } from 'node:crypto'
import { Pool } from 'undici'
import type { z } from 'zod'
import { Problem } from '../domain/problem.ts'
import type { BankAccount, BankBalance, BankQuery, BankTransaction } from '../profiles/profile.ts'
import { answers, notFound } from './answers.ts'

export interface BankOptions {
  /** The bank's port (docs/bank-port.openapi.yaml), path included. */
  readonly url: string
  /** PEM: whom we trust, and who we are. Left out only for a bank on plain loopback HTTP. */
  readonly tls?: {
    readonly ca: string
    readonly cert: string
    readonly key: string
    readonly servername?: string
  }
  /** How long an answer may take when the asker sets no signal. Milliseconds; 8000 unless told. */
  readonly timeout?: number
}

export type BankReply =
  | { readonly kind: 'accounts'; readonly accounts: readonly BankAccount[] }
  | { readonly kind: 'account'; readonly account: BankAccount }
  | { readonly kind: 'balances'; readonly balances: readonly BankBalance[] }
  | { readonly kind: 'transactions'; readonly transactions: readonly BankTransaction[] }

/** For whom the bank is asked; the signal says until when, and ends the request at the bank too. */
export interface Asking {
  readonly bankCustomerId: string
  readonly interactionId: string
  readonly signal?: AbortSignal
}

/**
 * The bank's core systems. Throws Problem `not-found` when the bank says so, `unavailable` for everything else that
 * is not the agreed answer: slow, broken off, too large, an error, another shape, an aborted signal.
 */
export interface Bank {
  /** The customer's accounts, for the page where accounts are chosen. */
  list(bankCustomerId: string, interactionId?: string): Promise<readonly BankAccount[]>
  answer(query: BankQuery, asking: Asking): Promise<BankReply>
  close(): Promise<void>
}

const LARGEST_ANSWER = 10 * 1024 * 1024

interface Port {
  readonly pool: Pool
  readonly basePath: string
  readonly timeout: number
}

/** Throws TypeError when `url` is neither https with `tls` nor plain http on loopback. */
export function openBank(options: BankOptions): Bank {
  const url = new URL(options.url)
  mustBePrivate(url, options.tls !== undefined)
  const timeout = options.timeout ?? 8000
  const pool = new Pool(url.origin, {
    connect: { ...options.tls, timeout },
    connections: 256,
    // Behind the signals, which are exact.
    headersTimeout: timeout + 1000,
    bodyTimeout: timeout + 1000,
    maxResponseSize: LARGEST_ANSWER,
  })
  const port = { pool, basePath: url.pathname.replace(/\/$/, ''), timeout }
  return {
    list: async (bankCustomerId, interactionId = randomUUID()) => {
      const { accounts } = await get(port, 'accounts', '', { bankCustomerId, interactionId })
      return accounts
    },
    answer: (query, asking) => answer(port, query, asking),
    close: () => pool.destroy(),
  }
}

function mustBePrivate(url: URL, tls: boolean): void {
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  const fine = url.protocol === 'https:' ? tls : url.protocol === 'http:' && loopback && !tls
  if (!fine) throw new TypeError('the bank is reached over mutual TLS, or over plain http on loopback')
}

async function answer(port: Port, query: BankQuery, asking: Asking): Promise<BankReply> {
  switch (query.kind) {
    case 'accounts':
      return { kind: query.kind, ...(await get(port, query.kind, '', asking)) }
    case 'account':
      return { kind: query.kind, account: await get(port, query.kind, pathOf(query), asking) }
    case 'balances':
      return { kind: query.kind, ...(await get(port, query.kind, `${pathOf(query)}/balances`, asking)) }
    case 'transactions': {
      const period = new URLSearchParams({ from: query.from.toISOString(), to: query.to.toISOString() })
      const path = `${pathOf(query)}/transactions?${period}`
      return { kind: query.kind, ...(await get(port, query.kind, path, asking)) }
    }
  }
}

function pathOf({ bankAccountId }: { readonly bankAccountId: string }): string {
  return `/${segment(bankAccountId)}`
}

/** One path segment, whatever the id holds: an id of dots would climb, an empty one would ask for another thing. */
function segment(id: string): string {
  if (/^\.{0,2}$/.test(id)) throw new Problem('not-found', 'The bank has no such id.')
  return encodeURIComponent(id)
}

async function get<Kind extends keyof typeof answers>(
  port: Port,
  kind: Kind,
  below: string,
  asking: Asking,
): Promise<z.infer<(typeof answers)[Kind]>> {
  const path = `${port.basePath}/customers/${segment(asking.bankCustomerId)}/accounts${below}`
  const { status, json } = await fetchJson(port, path, asking)
  if (status === 404 && notFound.safeParse(json).success)
    throw new Problem('not-found', 'The bank does not know this customer or account.')
  if (status !== 200) throw new Problem('unavailable', `The bank answered with status ${status}.`)
  // A union of schemas indexed by a generic key: the compiler cannot tie the two, the key does.
  const schema = answers[kind] as unknown as z.ZodType<z.infer<(typeof answers)[Kind]>>
  const parsed = schema.safeParse(json)
  if (!parsed.success) throw new Problem('unavailable', notAsAgreed(kind, parsed.error))
  return parsed.data
}

/** Names the place, never the value: what stands there is a customer's. */
function notAsAgreed(kind: string, { issues }: z.ZodError): string {
  return `The bank's answer about ${kind} is not as agreed at ${issues[0]?.path.join('.') || 'its top'}.`
}

async function fetchJson(
  { pool, timeout }: Port,
  path: string,
  { interactionId, signal }: Asking,
): Promise<{ readonly status: number; readonly json: unknown }> {
  try {
    const { statusCode, headers, body } = await pool.request({
      method: 'GET',
      path,
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'x-fapi-interaction-id': interactionId,
      },
      signal: signal ?? AbortSignal.timeout(timeout),
    })
    const text = await body.text()
    const isJson = /^application\/json\b/i.test(String(headers['content-type'] ?? ''))
    return { status: statusCode, json: isJson ? parse(text) : undefined }
  } catch (cause) {
    throw new Problem('unavailable', 'The bank did not answer.', { cause })
  }
}

/** Undefined when it is not JSON: the parser's own error would quote the customer's data. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
