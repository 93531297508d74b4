import type { Context, Middleware } from 'koa'
import type Provider from 'oidc-provider'
import { isObject } from '../support/json.ts'
import { form, steps, textOf } from './bare-engine.ts'

/** What a wrong bank does; the journey must notice each. */
export type Lie =
  | 'shows all accounts'
  | 'grants all accounts'
  | 'gives an account not shared'
  | 'tells unknown from foreign'
  | 'forgets the interaction id'
  | 'goes on giving data'
  | 'goes on refreshing'
  | 'shows no connection'
  | 'has no transactions'

const ACCOUNTS = ['acc-1', 'acc-2', 'acc-3']
const SHARED = ['acc-1', 'acc-2']
const row = { type: 'booked', amount: '12.50', currency: 'GBP', bookedAt: '2026-11-22T10:00:00Z' }

/** Just enough of a bank around the bare engine for a journey, honest but for one lie. Keeps one consent. */
export function standInBank(provider: Provider, lie?: Lie): Middleware {
  let stopped = false

  return async (ctx, next) => {
    if (ctx.path === '/reg') await register(ctx, next)
    else if (ctx.path === '/token') await token(ctx, next)
    else if (ctx.path === '/customers') reply(ctx, 201, { ...alice, totpSecret: 'GEZDGNBVGY3TQOJQ' })
    else if (ctx.path.startsWith('/api/')) await gateway(ctx)
    else if (ctx.path.startsWith('/connections')) await connections(ctx)
    else await next()
  }

  async function token(ctx: Context, next: () => Promise<unknown>): Promise<void> {
    await next()
    if (!isObject(ctx.body) || ctx.body.access_token === undefined) return
    if (stopped && lie !== 'goes on refreshing') return reply(ctx, 400, { error: 'invalid_grant' })
    const accounts = lie === 'grants all accounts' ? ACCOUNTS : SHARED
    ctx.body = { ...ctx.body, authorization_details: [{ type: 'account_access', accounts }] }
  }

  async function gateway(ctx: Context): Promise<void> {
    if (lie !== 'forgets the interaction id')
      ctx.set('x-fapi-interaction-id', ctx.get('x-fapi-interaction-id'))
    const live = await provider.AccessToken.find(ctx.get('authorization').split(' ')[1] ?? '')
    if (live === undefined || (stopped && lie !== 'goes on giving data'))
      return reply(ctx, 401, { error: 'invalid_token' })
    const [, id, what = ''] = /^\/api\/accounts(?:\/([^/]+)\/(balances|transactions))?$/.exec(ctx.path) ?? []
    if (id === undefined) return reply(ctx, 200, { accounts: shown().map(account) })
    if (!SHARED.includes(id) && lie !== 'gives an account not shared') return refuse(ctx, id)
    reply(ctx, 200, { [what]: lie === 'has no transactions' && what === 'transactions' ? [] : [row] })
  }

  function refuse(ctx: Context, id: string): void {
    const known = lie === 'tells unknown from foreign' && ACCOUNTS.includes(id)
    reply(ctx, 403, { error: 'insufficient_scope', known })
  }

  function shown(): readonly string[] {
    return lie === 'shows all accounts' ? ACCOUNTS : SHARED
  }

  async function connections(ctx: Context): Promise<void> {
    ctx.type = 'html'
    ctx.status = 200
    const posted = new URLSearchParams(ctx.method === 'POST' ? await textOf(ctx) : '')
    if (ctx.path === '/connections/c1') ctx.body = '<a href="/connections/c1/stop">Stop sharing</a>'
    else if (ctx.path === '/connections') ctx.body = connectionsPage(posted)
    else if (ctx.method === 'GET') ctx.body = form('', 'stop-submit')
    else {
      stopped = true
      ctx.body = '<title>Sharing has stopped</title>'
    }
  }

  function connectionsPage(posted: URLSearchParams): string {
    if (posted.has('login')) return steps.code
    if (!posted.has('code')) return steps.login
    return lie === 'shows no connection' ? 'None' : 'Acme Budget <a href="/connections/c1">View</a>'
  }
}

/** Takes the statement's word for the keys: the third party is being tried here, not registration. */
async function register(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  const { software_statement: statement, ...metadata } = JSON.parse(await textOf(ctx))
  const claims = JSON.parse(Buffer.from(statement.split('.')[1], 'base64url').toString())
  Object.assign(ctx.request, { body: { ...metadata, jwks: claims.software_jwks } })
  await next()
}

const alice = { customerNumber: '1234567890', password: 'secret', name: 'Alice' }

function account(accountId: string) {
  return { accountId, type: 'current', currency: 'GBP', nickname: accountId }
}

function reply(ctx: Context, status: number, body: Readonly<Record<string, unknown>>): void {
  ctx.status = status
  ctx.body = body
}
