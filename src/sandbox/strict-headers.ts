import type { Context, Next } from 'koa'

/**
 * The headers of every page: no script, no frame, nothing kept by caches. `formTargets` are the origins to which a form
 * of ours may lead: some browsers hold `form-action` against every hop of the redirect that follows.
 */
export function strictHeaders(
  formTargets: readonly string[] = [],
): (ctx: Context, next: Next) => Promise<void> {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
  ].join('; ')
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'same-origin',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    })
    await next()
  }
}
