import type { Context } from 'koa'
import type { Cookies } from './cookies.ts'
import type { FormTokens } from './form-token.ts'
import type { Layout } from './layout.ts'
import type { Notes } from './notes.ts'
import type { Connections, CustomerAccounts, CustomerSessions, SignIn } from './ports.ts'
import { Refusal, seeOther } from './refusal.ts'
import type { Sealer } from './sealed.ts'

/** What the customers' own pages (sign in, connected apps) are made of. */
export interface CustomerParts {
  readonly layout: Layout
  readonly connections: Connections
  readonly accounts: CustomerAccounts
  readonly sessions: CustomerSessions
  readonly signIn: SignIn
  readonly cookies: Cookies
  readonly sealer: Sealer
  readonly tokens: FormTokens
  readonly notes: Notes
  readonly now: () => Date
}

/** Somebody who is signed in for their own pages. */
export interface SignedIn {
  readonly customerId: string
  readonly sessionId: string
}

/** Who is signed in here; otherwise leads the browser to sign-in, and answers undefined. */
export async function signedIn(parts: CustomerParts, ctx: Context): Promise<SignedIn | undefined> {
  const sessionId = parts.cookies.read(ctx, 'sid')
  const session = sessionId ? await parts.sessions.find(sessionId) : undefined
  if (session && sessionId) return { customerId: session.customerId, sessionId }
  if (sessionId) {
    parts.cookies.clear(ctx, 'sid')
    parts.notes.leave(ctx, '/login', { kind: 'signed-out', idle: true })
  }
  seeOther(ctx, '/login')
  return undefined
}

export function sessionToken(
  { tokens }: CustomerParts,
  { sessionId }: SignedIn,
  step: string,
  shown: unknown = null,
): string {
  return tokens.make({ subject: `session ${sessionId}`, step, shown })
}

/** Throws Refusal when the form was not made by us, for this session, step and content. */
export function checkSessionToken(
  { tokens }: CustomerParts,
  { sessionId }: SignedIn,
  step: string,
  form: URLSearchParams,
  shown: unknown = null,
): void {
  const verdict = tokens.check(form.get('csrf') ?? undefined, {
    subject: `session ${sessionId}`,
    step,
    shown,
  })
  if (verdict !== 'genuine') throw new Refusal({ situation: 'forged-form' })
}
