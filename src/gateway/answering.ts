import type Koa from 'koa'
import { isUnavailable } from '../domain/problem.ts'
import type { Json } from '../domain/third-party.ts'
import { challenges } from './challenge.ts'
import type { Gate, Observation } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Visit } from './visit.ts'

/** House rule: what is not a Problem is our own bug, and outside it reads as a constant sentence. */
export function asRefusal(error: unknown): Refusal {
  return isUnavailable(error)
    ? new Refusal(503, 'temporarily_unavailable', 'The request could not be checked now; please try again.')
    : new Refusal(500, 'server_error', 'Something went wrong here. Quote x-fapi-interaction-id when you ask.')
}

export function refuse(gate: Gate, ctx: Koa.Context, visit: Visit, refusal: Refusal): void {
  const body = { error: refusal.error, error_description: refusal.message }
  send(gate, ctx, visit, refusal.status, body, {
    ...refusal.headers,
    ...((refusal.status === 503 || refusal.status === 429) && { 'retry-after': '1' }),
  })
  const wanted = challenges(refusal, visit.scheme, gate.metadata.url)
  if (wanted.length > 0) ctx.set('www-authenticate', [...wanted])
}

export function send(
  { base }: Gate,
  ctx: Koa.Context,
  visit: Visit,
  status: number,
  body: Json,
  headers: Readonly<Record<string, string>>,
): void {
  ctx.status = status
  ctx.set({
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'private, no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'x-fapi-interaction-id': visit.interactionId,
    ...(base.protocol === 'https:' && {
      'strict-transport-security': 'max-age=63072000; includeSubDomains',
    }),
    ...(visit.nonce !== undefined && { 'dpop-nonce': visit.nonce }),
    ...headers,
  })
  ctx.body = JSON.stringify(body)
}

export function observation(
  { now }: Gate,
  visit: Visit,
  refusal: Refusal | undefined,
  fault: unknown,
): Observation {
  const { interactionId, endpoint, clientId, consentId, startedAt } = visit
  return {
    interactionId,
    endpoint,
    status: refusal?.status ?? 200,
    milliseconds: now().getTime() - startedAt.getTime(),
    ...(refusal !== undefined && { error: refusal.error }),
    ...(clientId !== undefined && { clientId }),
    ...(consentId !== undefined && { consentId }),
    ...(fault !== undefined && { fault }),
  }
}
