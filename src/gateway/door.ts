import Koa from 'koa'
import type { Json } from '../domain/third-party.ts'
import type { BankQuery } from '../profiles/profile.ts'
import { asRefusal, observation, refuse, send } from './answering.ts'
import { askBank } from './ask-bank.ts'
import { disclose } from './disclose.ts'
import { type Gate, type GatewayOptions, openGate } from './gate.ts'
import { gather } from './gather.ts'
import { letIn } from './let-in.ts'
import { type AskedPeriod, readPeriod } from './period.ts'
import { requirePermission } from './permit.ts'
import { Refusal } from './refusal.ts'
import { type RequestTarget, readTarget } from './request-target.ts'
import { matchRoute, type Route } from './route.ts'
import { openVisit, type Visit } from './visit.ts'

interface Answer {
  readonly body: Json
  readonly headers?: Readonly<Record<string, string>>
}

/** A plain Koa app that is the gateway and nothing else. */
export function gatewayApp(options: GatewayOptions): Koa {
  const app = new Koa()
  // What Koa would still print are the broken requests of strangers; what happened here is in `observe`.
  app.silent = true
  app.use(openGateway(options))
  return app
}

/**
 * The resource requests' door. Answers every request it is given and calls no `next`; what it cannot prove it
 * refuses. Believes nothing that came in about host, address or identity: only the raw target, Authorization, DPoP
 * and x-fapi-interaction-id are read.
 */
function openGateway(options: GatewayOptions): Koa.Middleware {
  const gate = openGate(options)
  return (ctx) => handle(gate, ctx)
}

async function handle(gate: Gate, ctx: Koa.Context): Promise<void> {
  const visit = openVisit(ctx, gate.now())
  let refusal: Refusal | undefined
  let fault: unknown
  try {
    const { body, headers = {} } = await serve(gate, ctx, visit)
    send(gate, ctx, visit, 200, body, headers)
  } catch (error) {
    refusal = error instanceof Refusal ? error : asRefusal(error)
    if (refusal !== error && refusal.status === 500) fault = error
    await tell(gate, visit, refusal)
    refuse(gate, ctx, visit, refusal)
  }
  gate.observe?.(observation(gate, visit, refusal, fault))
}

/** Of a party that was let in and asked for more than its consent gives. The refusal stands, told or not. */
async function tell(gate: Gate, visit: Visit, { status, error }: Refusal): Promise<void> {
  const { clientId, consentId, endpoint, interactionId } = visit
  if (clientId === undefined || consentId === undefined || status !== 403) return
  await gate.admitter.refused({ clientId, consentId, endpoint, error, interactionId }).catch(() => undefined)
}

async function serve(gate: Gate, ctx: Koa.Context, visit: Visit): Promise<Answer> {
  const target = readTarget(ctx.originalUrl)
  if (gate.metadata.paths.includes(target.path)) return describe(gate, ctx, visit)
  const route = routeOf(gate, target)
  visit.endpoint = route.endpoint.name
  requireGet(ctx)
  const asked = readQuery(route, target.query)
  const admitted = await letIn(gate, ctx, visit, target)
  requirePermission(route, admitted.consent)
  const ask = (query: BankQuery) => askBank(gate, visit, admitted, query)
  const { answer, accountIds } = await gather(route, asked, admitted.consent, ask, gate.now())
  const body = gate.profile.disclose(answer, admitted.consent.permissions)
  await disclose(gate, visit, admitted, accountIds, body)
  return { body }
}

function describe({ metadata }: Gate, ctx: Koa.Context, visit: Visit): Answer {
  visit.endpoint = 'metadata'
  requireGet(ctx)
  const headers = { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' }
  return { body: metadata.document, headers }
}

function routeOf({ basePath, profile }: Gate, { path, segments }: RequestTarget): Route {
  const depth = basePath.split('/').length - 1
  const route = path.startsWith(`${basePath}/`)
    ? matchRoute(profile.endpoints, segments.slice(depth))
    : undefined
  if (route === undefined) throw new Refusal(404, 'not_found', 'There is no such address in this API.')
  return route
}

/** Reading is all there is, and it needs no body: a body on GET is how requests are smuggled (threats E7, E8). */
function requireGet(ctx: Koa.Context): void {
  const closing = { connection: 'close' }
  if (ctx.method !== 'GET')
    throw new Refusal(405, 'invalid_request', 'Only GET is understood here.', {
      headers: { allow: 'GET', ...closing },
    })
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = ctx.req.headers
  if (length !== '0' || encoding !== undefined)
    throw new Refusal(400, 'invalid_request', 'A GET request has no body here.', { headers: closing })
}

function readQuery({ endpoint }: Route, query: URLSearchParams): AskedPeriod {
  // RFC 6750 §2.3 is not offered: tokens in URLs end up in logs (threats E15).
  if (query.has('access_token'))
    throw new Refusal(400, 'invalid_request', 'The access token belongs in the Authorization header.', {
      challenge: 'error',
    })
  const known = endpoint.asks === 'transactions' ? ['from', 'to'] : []
  if ([...query.keys()].some((name) => !known.includes(name)))
    throw new Refusal(
      400,
      'invalid_request',
      known.length === 0
        ? 'This address takes no query parameters.'
        : `This address takes the query parameters ${known.join(' and ')} only.`,
    )
  return readPeriod(query)
}
