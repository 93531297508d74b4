import type { Context, Middleware } from 'koa'
import { Problem } from '../domain/problem.ts'
import { type ErrorFacts, type ErrorPage, newReference } from './error-page.ts'
import { setPageHeaders } from './page-headers.ts'

/** Thrown by a page that cannot go on: says which error page the customer gets instead. */
export class Refusal extends Error {
  readonly facts: ErrorFacts

  constructor(facts: ErrorFacts) {
    super(facts.situation)
    this.name = 'Refusal'
    this.facts = facts
  }
}

/** What the customers' door tells whoever watches over it. Holds no personal data. */
export type PageEvent =
  | { readonly kind: 'refused'; readonly situation: ErrorFacts['situation'] }
  /** A bug of ours: the customer has only the reference. */
  | { readonly kind: 'fault'; readonly reference: string; readonly error: unknown }

/** Headers first, so that they are on every answer; then whatever is thrown further in becomes a page. */
export function pageForEveryError(parts: {
  readonly errorPage: ErrorPage
  readonly secure: boolean
  readonly observe: (event: PageEvent) => void
}): Middleware {
  return async (ctx, next) => {
    setPageHeaders(ctx, parts)
    try {
      await next()
    } catch (error) {
      const facts = factsOf(error, ctx.path)
      report(parts.observe, facts, error)
      parts.errorPage(ctx, facts)
    }
  }
}

/** Redirect after a post, and to the right step: the browser comes back with GET. `url` is ours, never input. */
export function seeOther(ctx: Context, url: string): void {
  ctx.status = 303
  ctx.set('Location', url)
  ctx.body = null
  ctx.status = 303
}

function factsOf(error: unknown, path: string): ErrorFacts {
  if (error instanceof Refusal) return error.facts
  if (!(error instanceof Problem)) return { situation: 'fault', reference: newReference() }
  if (error.code === 'unavailable') return { situation: 'unavailable', continueAt: formOf(path) }
  if (error.code === 'not-found') return { situation: 'not-found' }
  if (error.code === 'wrong-state' || error.code === 'conflict' || error.code === 'spent')
    return { situation: 'finished' }
  return { situation: 'fault', reference: newReference() }
}

/** The page that shows the form again: forms post to their own path, but for those that are only a button. */
function formOf(path: string): string {
  return path.replace(/\/cancel$/, '').replace(/^\/sign-out$/, '/connections')
}

function report(observe: (event: PageEvent) => void, facts: ErrorFacts, error: unknown): void {
  const { situation, reference } = facts
  if (situation === 'fault') observe({ kind: 'fault', reference: reference ?? '', error })
  else observe({ kind: 'refused', situation })
}
