import { randomBytes } from 'node:crypto'
import type { Context } from 'koa'
import { IDLE_SECONDS } from '../domain/customer.ts'
import { type CustomerParts, checkSessionToken, signedIn } from './customer-session.ts'
import type { Note } from './notes.ts'
import { postedForm } from './posted-form.ts'
import { Refusal, seeOther } from './refusal.ts'
import { codeRefused, readCode, readSignIn, signInRefused } from './sign-in-form.ts'
import { showCode, showLocked, showSignIn } from './sign-in-page.ts'

/** GET /login: sign in for one's own pages. */
export async function customerSignIn(parts: CustomerParts, ctx: Context): Promise<void> {
  const session = parts.cookies.read(ctx, 'sid')
  const note = parts.notes.take(ctx, '/login')
  if (session && (await parts.sessions.find(session))) return seeOther(ctx, '/connections')
  if (note?.kind === 'locked') return showLocked(parts.layout, ctx, { until: new Date(note.until) })
  showSignIn(parts.layout, ctx, {
    heading: 'Sign in to see your connected apps',
    appName: '',
    trust: `You are on ${parts.layout.brand.domain}.`,
    action: '/login',
    token: parts.tokens.make({ subject: visitOf(parts, ctx), step: 'login', shown: null }),
    signedOut: note?.kind === 'signed-out' && note.idle,
    login: note?.kind === 'problems' ? (note.login ?? '') : '',
    problems: note?.kind === 'problems' ? note.problems : [],
  })
}

/** POST /login */
export async function customerPassword(parts: CustomerParts, ctx: Context): Promise<void> {
  const form = postedForm(ctx)
  checkVisitToken(parts, ctx, 'login', form)
  seeOther(ctx, '/login')
  const typed = readSignIn(form)
  if (!typed.complete)
    return parts.notes.leave(ctx, '/login', {
      kind: 'problems',
      problems: typed.problems,
      login: typed.login,
    })
  const result = await parts.signIn.password(typed.login, typed.password)
  if (result.outcome === 'locked')
    return parts.notes.leave(ctx, '/login', { kind: 'locked', until: result.until.toISOString() })
  if (result.outcome === 'refused')
    return parts.notes.leave(ctx, '/login', {
      kind: 'problems',
      problems: signInRefused(result.triesLeft),
      login: typed.login,
    })
  rememberHalf(parts, ctx, result.customer.id)
  seeOther(ctx, '/login/code')
}

/** GET /login/code */
export function customerCode(parts: CustomerParts, ctx: Context): void {
  const note = parts.notes.take(ctx, '/login/code')
  if (note?.kind === 'locked') showLocked(parts.layout, ctx, { until: new Date(note.until) })
  else if (halfSignedIn(parts, ctx) === undefined) seeOther(ctx, '/login')
  else showCustomerCode(parts, ctx, note)
}

function showCustomerCode(parts: CustomerParts, ctx: Context, note: Note | undefined): void {
  showCode(parts.layout, ctx, {
    appName: '',
    action: '/login/code',
    token: parts.tokens.make({ subject: visitOf(parts, ctx), step: 'code', shown: null }),
    problems: note?.kind === 'problems' ? note.problems : [],
  })
}

/** POST /login/code: the session begins here, under an id that nobody knew before (threats C1). */
export async function customerCheckCode(parts: CustomerParts, ctx: Context): Promise<void> {
  const form = postedForm(ctx)
  checkVisitToken(parts, ctx, 'code', form)
  const customerId = halfSignedIn(parts, ctx)
  if (customerId === undefined) return seeOther(ctx, '/login')
  seeOther(ctx, '/login/code')
  const typed = readCode(form)
  if ('problems' in typed)
    return parts.notes.leave(ctx, '/login/code', { kind: 'problems', problems: typed.problems })
  const result = await parts.signIn.code(customerId, typed.code)
  if (result.outcome === 'locked')
    return parts.notes.leave(ctx, '/login/code', { kind: 'locked', until: result.until.toISOString() })
  if (result.outcome === 'refused')
    return parts.notes.leave(ctx, '/login/code', {
      kind: 'problems',
      problems: codeRefused(result.triesLeft),
    })
  await beginSession(parts, ctx, customerId)
  seeOther(ctx, '/connections')
}

/** POST /sign-out */
export async function customerSignOut(parts: CustomerParts, ctx: Context): Promise<void> {
  const who = await signedIn(parts, ctx)
  if (!who) return
  checkSessionToken(parts, who, 'sign-out', postedForm(ctx))
  await parts.sessions.close(who.sessionId)
  parts.cookies.clear(ctx, 'sid')
  ctx.set('Clear-Site-Data', '"cache", "storage"')
  parts.notes.leave(ctx, '/', { kind: 'signed-out', idle: false })
  seeOther(ctx, '/')
}

async function beginSession(parts: CustomerParts, ctx: Context, customerId: string): Promise<void> {
  const before = parts.cookies.read(ctx, 'sid')
  if (before) await parts.sessions.close(before)
  parts.cookies.clear(ctx, 'half')
  parts.cookies.write(ctx, 'sid', await parts.sessions.open(customerId))
}

/** Between password and code nobody is signed in: the browser carries, sealed, whose code is awaited. */
function rememberHalf(parts: CustomerParts, ctx: Context, customerId: string): void {
  const until = new Date(parts.now().getTime() + IDLE_SECONDS * 1000)
  const sealed = parts.sealer.seal(halfPlace(parts, ctx), { customerId }, until)
  parts.cookies.write(ctx, 'half', sealed, IDLE_SECONDS)
}

function halfSignedIn(parts: CustomerParts, ctx: Context): string | undefined {
  const sealed = parts.cookies.read(ctx, 'half')
  // sealed by rememberHalf
  const half = parts.sealer.open(halfPlace(parts, ctx), sealed, parts.now()) as
    | { customerId: string }
    | undefined
  return half?.customerId
}

function halfPlace(parts: CustomerParts, ctx: Context): string {
  return `half signed in, ${parts.cookies.read(ctx, 'visit') ?? ''}`
}

/** Binds sign-in forms to one browser before anybody is signed in (login CSRF, threats C2). */
function visitOf(parts: CustomerParts, ctx: Context): string {
  const known = parts.cookies.read(ctx, 'visit')
  if (known && /^[\w-]{22}$/.test(known)) return `visit ${known}`
  const visit = randomBytes(16).toString('base64url')
  parts.cookies.write(ctx, 'visit', visit)
  return `visit ${visit}`
}

function checkVisitToken(parts: CustomerParts, ctx: Context, step: string, form: URLSearchParams): void {
  const visit = parts.cookies.read(ctx, 'visit')
  if (!visit) throw new Refusal({ situation: 'cookies-blocked' })
  const binding = { subject: `visit ${visit}`, step, shown: null }
  if (parts.tokens.check(form.get('csrf') ?? undefined, binding) !== 'genuine')
    throw new Refusal({ situation: 'forged-form' })
}
