import type { Middleware } from 'koa'

/**
 * Drops the cookie by which the engine would know the browser again. It finds nothing under it (adapter.ts), so it is
 * of no use to us, and to whoever reads along it says that somebody signed in (DESIGN §7.15).
 */
export function withoutSession(cookieName: string): Middleware {
  const isSession = new RegExp(`^${cookieName}(\\.sig)?=`)
  return async (ctx, next) => {
    await next()
    const lines = ctx.res.getHeader('Set-Cookie')
    if (!Array.isArray(lines)) return
    const kept = lines.filter((line) => !isSession.test(line))
    if (kept.length > 0) ctx.set('Set-Cookie', kept)
    else ctx.remove('Set-Cookie')
  }
}
