import type { Context, Middleware } from 'koa'
import { isUnavailable, Problem } from '../domain/problem.ts'
import type { Ledger } from './ports.ts'
import { routes } from './settings.ts'
import { inUnitOfWork, isLostRace, UnitOfWork } from './unit-of-work.ts'

interface UnitParts {
  readonly ledger: Ledger
  readonly showPage: (ctx: Context, page: 'finished' | 'unavailable' | 'fault') => void
  readonly fault: (fault: unknown, ctx: Context) => void
}

/**
 * Every request to the engine is one unit of work: what it changes is committed after the engine has signed its
 * answer and before that answer leaves. When it cannot be, the answer is taken back whole (body, cookies, redirect)
 * and an honest one takes its place: nothing was spent, a retry succeeds (house invariant 9).
 */
export function workInUnits(parts: UnitParts): Middleware {
  return async (ctx, next) => {
    const unit = new UnitOfWork()
    try {
      await inUnitOfWork(unit, next)
      await unit.commit(parts.ledger)
    } catch (error) {
      takeBack(ctx)
      if (isLostRace(error)) lostRace(parts, ctx)
      else answerFault(parts, ctx, error)
      // The engine's own faults were told when it raised them.
      if (!isLostRace(error) && unit.fault === undefined) parts.fault(error, ctx)
    }
  }
}

function takeBack(ctx: Context): void {
  for (const name of ['Set-Cookie', 'Location', 'WWW-Authenticate', 'DPoP-Nonce']) ctx.remove(name)
}

/** Somebody else was first, by a moment: for this one the thing is spent. */
function lostRace(parts: UnitParts, ctx: Context): void {
  if (isBrowserRoute(ctx)) {
    parts.showPage(ctx, 'finished')
    return
  }
  // RFC 7009 §2.2: what somebody else has just ended is as revoked as it was asked to be.
  if (ctx.path === routes.revocation) {
    ctx.status = 200
    ctx.body = ''
    return
  }
  const error = ctx.path === routes.registration ? 'invalid_software_statement' : 'invalid_grant'
  ctx.status = 400
  ctx.body = { error, error_description: 'it was used already' }
}

function answerFault(parts: UnitParts, ctx: Context, error: unknown): void {
  // A conflict is two firsts at one moment, such as an organisation's first two registrations: a retry finds it there.
  const away = isUnavailable(error) || (error instanceof Problem && error.code === 'conflict')
  if (isBrowserRoute(ctx)) {
    parts.showPage(ctx, away ? 'unavailable' : 'fault')
    return
  }
  ctx.status = away ? 503 : 500
  ctx.body = away
    ? { error: 'temporarily_unavailable', error_description: 'nothing was changed; try again shortly' }
    : { error: 'server_error', error_description: 'nothing was changed' }
  // Jittered, so that everybody who was refused does not come back in the same second.
  if (away) ctx.set('Retry-After', String(1 + Math.floor(Math.random() * 3)))
}

function isBrowserRoute(ctx: Context): boolean {
  return ctx.path === routes.authorization || ctx.path.startsWith(`${routes.authorization}/`)
}
