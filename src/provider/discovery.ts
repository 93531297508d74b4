import type { Middleware } from 'koa'
import type { JsonObject } from '../domain/third-party.ts'
import { endpointsBelow, routes } from './settings.ts'

/** Where the document is: OpenID Connect Discovery 1.0 §4 and RFC 8414 §3. */
export const wellKnown: ReadonlySet<string> = new Set([
  '/.well-known/openid-configuration',
  '/.well-known/oauth-authorization-server',
])
/** hardening.md §1: what everybody may know may be kept, but not for so long that a new key goes unseen. */
const CACHED = 'public, max-age=300'

/**
 * Discovery says what clients may use and nothing else. The engine fills some members with everything it could do
 * and lets nobody overrule them, so its answer is rewritten on the way out.
 */
export function honestDiscovery(parts: {
  readonly issuer: string
  readonly certificateBaseUrl: string
}): Middleware {
  // The demo's issuer is plain http on loopback; tokens travel over TLS even there (DESIGN §7.12).
  const endpoints = parts.issuer.startsWith('https:') ? {} : endpointsBelow(parts.certificateBaseUrl)
  return async (ctx, next) => {
    await next()
    if (ctx.status !== 200) return
    if (ctx.path === routes.jwks) ctx.set('Cache-Control', CACHED)
    if (!wellKnown.has(ctx.path)) return
    ctx.body = { ...(ctx.body as JsonObject), ...truths, ...endpoints }
    ctx.set('Cache-Control', CACHED)
  }
}

const truths: JsonObject = {
  response_modes_supported: ['query', 'jwt', 'query.jwt'],
  // Pairwise per organisation, by our own mapping; the engine is told ready-made subjects.
  subject_types_supported: ['pairwise'],
  grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
  // The engine also names `sid` and `amr`, which no token or userinfo answer of ours ever carries.
  claims_supported: ['sub', 'iss', 'auth_time'],
  claims_parameter_supported: false,
  request_uri_parameter_supported: false,
  introspection_endpoint_auth_methods_supported: ['private_key_jwt', 'self_signed_tls_client_auth'],
  introspection_endpoint_auth_signing_alg_values_supported: ['PS256', 'ES256'],
  token_endpoint_auth_methods_supported: ['private_key_jwt'],
}
