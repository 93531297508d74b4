import { randomUUID } from 'node:crypto'
import Provider from 'oidc-provider'
import type { AwaitingConsent, ConsentTerms } from '../domain/consent.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { AuthorizationParameters } from '../profiles/profile.ts'

/** What the engine knows of an authorization request, as a profile reads it. */
export function authorizationParameters(params: {
  readonly scope?: unknown
  readonly authorization_details?: unknown
}): AuthorizationParameters {
  const { scope, authorization_details: details } = params
  return {
    scope: typeof scope === 'string' ? scope.split(' ').filter(Boolean) : [],
    // The engine has parsed and checked the same text before; a single object counts as a list of one (RFC 9396 §2).
    authorizationDetails: typeof details === 'string' ? ([JSON.parse(details)].flat() as JsonObject[]) : [],
  }
}

const requested = new WeakMap<object, AwaitingConsent>()

/** Decides which consent the request at hand asks for; {@link consentRequested} answers it until the request ends. */
export function requestConsent(
  ctx: object,
  clientId: string,
  terms: ConsentTerms,
  now: Date,
): AwaitingConsent {
  const consent: AwaitingConsent = {
    id: randomUUID(),
    clientId,
    kind: 'inline',
    state: 'awaiting',
    createdAt: now,
    terms,
  }
  requested.set(ctx, consent)
  return consent
}

/** The consent that the authorization request at hand asks for. */
export function consentRequested(): AwaitingConsent {
  const consent = Provider.ctx && requested.get(Provider.ctx)
  if (consent === undefined) throw new Error('an interaction began without a consent to ask for')
  return consent
}
