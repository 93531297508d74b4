import type { EventEmitter } from 'node:events'
import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { errors, KoaContextWithOIDC } from 'oidc-provider'
import type { AuditEvent } from '../domain/audit-event.ts'
import { consentRequested } from './consent-requested.ts'
import { isLostRace, unitOfWorkIfAny } from './unit-of-work.ts'

/** Told of what is our fault, whole, for the log; nothing of it leaves the house. */
export type EngineFault = (fault: unknown, ctx: Context) => void

interface EventParts {
  readonly now: () => Date
  readonly fault: EngineFault
}

const refusals = [
  'pushed_authorization_request.error',
  'grant.error',
  'revocation.error',
  'registration_create.error',
  'userinfo.error',
  'introspection.error',
] as const

/**
 * Translates the engine's events onto the request's unit of work, synchronously: they fire before anything is
 * committed, and their rows are written with it, before the answer leaves.
 */
export function listenToEngine(engine: Provider, { now, fault }: EventParts): void {
  engine.on('server_error', (ctx, error) => {
    unitOfWorkIfAny()?.fail(error)
    if (!isLostRace(error)) fault(error, ctx)
  })
  // All of these carry (ctx, error); the overloads cannot say so for a union of names.
  const emitter: EventEmitter = engine
  for (const name of refusals) {
    emitter.on(name, (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
      unitOfWorkIfAny()?.refuse()
      tellRefusal(ctx, error, now())
    })
  }
  engine.on('authorization.error', (ctx, error) => {
    // The customer's own refusal is an answer, not a fault of the request: what it changes is to be made.
    if (unitOfWorkIfAny()?.interaction?.stored.decision?.kind === 'refused') return
    unitOfWorkIfAny()?.refuse()
    tellRefusal(ctx, error, now())
  })
  engine.on('pushed_authorization_request.success', (ctx) => tell(ctx, now(), { type: 'request.pushed' }))
  engine.on('interaction.started', (ctx) =>
    tell(ctx, now(), { type: 'consent.requested', consentId: consentRequested().id }),
  )
  engine.on('grant.success', (ctx) =>
    tell(ctx, now(), { type: 'token.issued', facts: { grant: String(ctx.oidc.params?.grant_type) } }),
  )
}

/**
 * Only of a third party that has proved who it is, by its assertion, its token, or a request that it pushed before:
 * strangers are counted, not written down (DESIGN §7.16), or anybody could fill a third party's trail.
 */
function tellRefusal(ctx: KoaContextWithOIDC, error: errors.OIDCProviderError, at: Date): void {
  const { client, route } = ctx.oidc
  const unit = unitOfWorkIfAny()
  const proved = unit?.provedClient ?? unit?.interaction?.stored.clientId
  if (client === undefined || error.error === 'use_dpop_nonce') return
  if (client.clientId !== proved && route !== 'userinfo') return
  unit?.tellDespiteRefusal({
    type: route === 'token' ? 'token.refused' : 'request.refused',
    actor: 'third-party',
    at,
    clientId: client.clientId,
    ...interactionId(ctx),
    facts: {
      route: String(route),
      error: error.error,
      ...(error.error_detail && { detail: error.error_detail.slice(0, 200) }),
    },
  })
}

function tell(
  ctx: KoaContextWithOIDC,
  at: Date,
  event: Pick<AuditEvent, 'type' | 'facts' | 'consentId'>,
): void {
  const { entities, client } = ctx.oidc
  const grantId = entities.Grant?.jti
  const customerId = entities.Grant?.accountId
  unitOfWorkIfAny()?.tell({
    ...event,
    actor: 'third-party',
    at,
    ...(client && { clientId: client.clientId }),
    ...(grantId && { consentId: grantId }),
    ...(customerId && { customerId }),
    ...interactionId(ctx),
  })
}

function interactionId(ctx: KoaContextWithOIDC): { interactionId?: string } {
  const id: unknown = ctx.state.interactionId
  return typeof id === 'string' ? { interactionId: id } : {}
}
