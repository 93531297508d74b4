import { randomUUID } from 'node:crypto'
import type { Middleware } from 'koa'

/** One answered request, for log and metrics: no query, no token, no body. */
export interface Answered {
  readonly route: string
  readonly method: string
  readonly status: number
  readonly ms: number
  readonly interactionId: string
  readonly error?: string
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
// Everything the authority serves; other paths are one name, so that strangers cannot fill the log or the metrics.
const known =
  /^\/(authorize|token|par|register|introspect|revoke|jwks|userinfo|login|connections|interaction|assets|sign-out|\.well-known)(\/|$)/

/**
 * Headers that every answer carries (hardening.md §1), an x-fapi-interaction-id that is the caller's own UUID or a
 * fresh one, and word of each answer for the log.
 */
export function protocolHeaders(options: {
  readonly secure: boolean
  readonly observe: (answered: Answered) => void
}): Middleware {
  return async (ctx, next) => {
    const started = performance.now()
    const given = ctx.get('x-fapi-interaction-id')
    const interactionId = uuid.test(given) ? given : randomUUID()
    ctx.state.interactionId = interactionId
    ctx.set('x-fapi-interaction-id', interactionId)
    ctx.set('X-Content-Type-Options', 'nosniff')
    ctx.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
    ctx.set('Referrer-Policy', 'no-referrer')
    // Whatever may be kept says so itself; errors and unknown paths never may.
    ctx.set('Cache-Control', 'no-store')
    if (options.secure) ctx.set('Strict-Transport-Security', 'max-age=63072000; includeSubDomains')
    try {
      await next()
    } finally {
      const body: unknown = ctx.body
      const error = typeof body === 'object' && body !== null && 'error' in body && String(body.error)
      options.observe({
        route: known.exec(ctx.path)?.[1] ?? (ctx.path === '/' ? 'start' : 'other'),
        method: ctx.method,
        status: ctx.status,
        ms: performance.now() - started,
        interactionId,
        ...(error && { error }),
      })
    }
  }
}
