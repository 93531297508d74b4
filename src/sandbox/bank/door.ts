import { setTimeout as delay } from 'node:timers/promises'
import { TLSSocket } from 'node:tls'
import Koa from 'koa'
import { asRefusal, Refusal } from '../refusal.ts'
import { accountAnswer, balancesAnswer, transactionsAnswer } from './answers.ts'
import type { Customer } from './customer.ts'
import { customerOf } from './personas.ts'

/** How long the persona `slow` waits for every answer, in milliseconds. */
const SLOW = 8000

/** The bank's port: docs/bank-port.openapi.yaml. The caller proves itself with a client certificate. */
export function openDoor(now: () => Date): Koa {
  const app = new Koa()
  app.silent = true
  app.use(async (ctx, next) => {
    ctx.set('Cache-Control', 'no-store')
    await next().catch((error: unknown) => refuse(ctx, error))
  })
  app.use(async (ctx) => {
    requireCertificate(ctx)
    echoInteraction(ctx)
    if (ctx.method !== 'GET') throw new Refusal(405, 'method-not-allowed', 'The bank answers GET only.')
    ctx.body = await answer(ctx, now())
  })
  return app
}

function refuse(ctx: Koa.Context, error: unknown): void {
  const refusal = asRefusal(error)
  ctx.status = refusal.status
  if (refusal.status === 503) ctx.set('Retry-After', '30')
  if (refusal.status === 405) ctx.set('Allow', 'GET')
  ctx.body = { error: refusal.code, description: refusal.message }
}

function requireCertificate(ctx: Koa.Context): void {
  if (ctx.socket instanceof TLSSocket && ctx.socket.authorized) return
  throw new Refusal(401, 'unauthenticated', 'A client certificate of the open-banking gate is required.')
}

function echoInteraction(ctx: Koa.Context): void {
  const id = ctx.get('x-fapi-interaction-id')
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
    throw new Refusal(400, 'invalid-request', 'x-fapi-interaction-id must be a UUID.')
  ctx.set('x-fapi-interaction-id', id)
}

async function answer(ctx: Koa.Context, now: Date): Promise<object> {
  const [root, customerId = '', accounts, accountId, part, ...rest] = ctx.path.split('/').slice(1)
  if (root !== 'customers' || accounts !== 'accounts' || rest.length > 0) throw notFound()
  const customer = await served(ctx, customerId)
  if (accountId === undefined)
    return { accounts: customer.holdings.map((holding) => accountAnswer(holding, now)) }
  const holding = customer.holdings.find(({ account }) => account.id === accountId)
  if (holding === undefined) throw notFound()
  if (part === undefined) return accountAnswer(holding, now)
  if (part === 'balances') return balancesAnswer(holding.account, now)
  if (part !== 'transactions') throw notFound()
  return transactionsAnswer(holding.account, moment(ctx, 'from', new Date(0)), moment(ctx, 'to', now), now)
}

async function served(ctx: Koa.Context, customerId: string): Promise<Customer> {
  const customer = customerOf(customerId)
  if (customer === undefined) throw notFound()
  if (customer.behaviour === 'down')
    throw new Refusal(503, 'unavailable', 'The core banking system is down for maintenance.')
  if (customer.behaviour === 'slow') await untilOrGone(ctx, SLOW)
  return customer
}

/** Waits, but not for a caller who has left. */
async function untilOrGone(ctx: Koa.Context, milliseconds: number): Promise<void> {
  const gone = new AbortController()
  ctx.res.once('close', () => gone.abort())
  await delay(milliseconds, undefined, { signal: gone.signal }).catch(() => undefined)
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/

function moment(ctx: Koa.Context, name: 'from' | 'to', fallback: Date): Date {
  const value = ctx.query[name]
  if (value === undefined) return fallback
  const date = typeof value === 'string' && dateTime.test(value) ? new Date(value) : new Date(Number.NaN)
  if (Number.isNaN(date.getTime()))
    throw new Refusal(
      400,
      'invalid-request',
      `${name} must be an RFC 3339 date and time, such as 2027-05-31T23:59:59Z.`,
    )
  return date
}

function notFound(): Refusal {
  return new Refusal(404, 'not-found', 'No such customer or account.')
}
