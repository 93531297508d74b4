import type Koa from 'koa'
import type { Admitted } from './admitter.ts'
import { readCredentials } from './credentials.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { RequestTarget } from './request-target.ts'
import type { Visit } from './visit.ts'

/** Who comes, and what their consent opens. Throws {@link Refusal} with the judge's own words. */
export async function letIn(
  gate: Gate,
  ctx: Koa.Context,
  visit: Visit,
  { path }: RequestTarget,
): Promise<Admitted> {
  const credentials = readCredentials(ctx.req.rawHeaders)
  if (credentials === undefined)
    throw new Refusal(401, 'invalid_token', 'An access token is needed.', { challenge: 'bare' })
  visit.scheme = credentials.scheme
  const { certificateThumbprint } = gate.peer(ctx)
  const admission = await gate.admitter.admit({
    ...credentials,
    ...(certificateThumbprint !== undefined && { certificateThumbprint }),
    method: ctx.method,
    url: `${gate.base.origin}${path}`,
    interactionId: visit.interactionId,
  })
  if (admission.nonce !== undefined) visit.nonce = admission.nonce
  if (!admission.admitted)
    throw new Refusal(admission.status, admission.error, admission.description, {
      ...(admission.status < 429 && { challenge: 'error' as const }),
    })
  visit.clientId = admission.clientId
  visit.consentId = admission.consent.id
  return admission
}
