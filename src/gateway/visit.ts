import type Koa from 'koa'
import type { Credentials } from './credentials.ts'
import { interactionIdOf } from './interaction-id.ts'
import { Refusal } from './refusal.ts'

/** What is known about one request so far; filled in on its way through the door. */
export interface Visit {
  readonly interactionId: string
  readonly startedAt: Date
  /** Aborts when the client's connection closes. */
  readonly left: AbortSignal
  endpoint: string
  scheme?: Credentials['scheme']
  clientId?: string
  consentId?: string
  /** A fresh DPoP nonce for the answer. */
  nonce?: string
}

export function openVisit(ctx: Koa.Context, now: Date): Visit {
  const left = new AbortController()
  ctx.res.once('close', () => left.abort())
  return {
    interactionId: interactionIdOf(ctx.req.headers['x-fapi-interaction-id']),
    startedAt: now,
    left: left.signal,
    endpoint: 'none',
  }
}

/** For the log alone: nobody is there to read it. */
export function clientLeft(): Refusal {
  return new Refusal(499, 'client_left', 'The client closed the connection.')
}
