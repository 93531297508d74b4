import { bodyParser } from '@koa/bodyparser'
import type { Context, Middleware } from 'koa'
import { Refusal } from './refusal.ts'

const FORM = 'application/x-www-form-urlencoded'

/**
 * Stands before every post of this door: only a form, only from a page of ours, only up to 16 kB. Browsers always
 * send `Origin` with a post; `null` is somebody else (ASVS 5.0 3.5.3, hardening of the request side).
 */
export function acceptForms(origin: string): Middleware {
  const parse = bodyParser({ enableTypes: ['form'], formLimit: '16kb', onError: unreadable })
  return async (ctx, next) => {
    if (!comesFromUs(ctx, origin)) throw new Refusal({ situation: 'forged-form' })
    if (!ctx.is(FORM)) throw new Refusal({ situation: 'unreadable-form', status: 415 })
    await parse(ctx, next)
  }
}

/**
 * The fields as they were sent. The parser's own object is not used: it turns `a[b]=c` into nested data and long
 * lists into something else again, and nothing here wants either.
 */
export function postedForm(ctx: Context): URLSearchParams {
  return new URLSearchParams(ctx.request.rawBody ?? '')
}

/** Pages of ours are never shown inside another page; browsers say when they are about to. */
export const refuseFrames: Middleware = async (ctx, next) => {
  const inside = ['iframe', 'frame', 'embed', 'object'].includes(ctx.get('Sec-Fetch-Dest'))
  if (inside) throw new Refusal({ situation: 'framed' })
  await next()
}

function comesFromUs(ctx: Context, origin: string): boolean {
  const site = ctx.get('Sec-Fetch-Site')
  return ctx.get('Origin') === origin && (site === '' || site === 'same-origin')
}

function unreadable(error: Error): never {
  const tooLarge = 'status' in error && error.status === 413
  throw new Refusal({ situation: 'unreadable-form', status: tooLarge ? 413 : 400 })
}
