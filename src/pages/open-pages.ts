import { Router, type RouterContext } from '@koa/router'
import type { Middleware } from 'koa'
import compose from 'koa-compose'
import type { Profile } from '../profiles/profile.ts'
import { serveAssets } from './asset.ts'
import { connectionDetail, connectionsList } from './connections-pages.ts'
import { openCookies } from './cookies.ts'
import type { CustomerParts } from './customer-session.ts'
import {
  customerCheckCode,
  customerCode,
  customerPassword,
  customerSignIn,
  customerSignOut,
} from './customer-sign-in.ts'
import { openErrorPage } from './error-page.ts'
import { openFormTokens } from './form-token.ts'
import type { JourneyParts } from './journey.ts'
import { journeyAccounts, journeyShare } from './journey-accounts.ts'
import { journeyCancel, journeyStart } from './journey-cancel.ts'
import { journeyCheckCode, journeyCode } from './journey-code.ts'
import { journeyPassword, journeySignIn } from './journey-sign-in.ts'
import type { Layout } from './layout.ts'
import { openNotes } from './notes.ts'
import type { Connections, CustomerAccounts, CustomerSessions, Interactions, SignIn } from './ports.ts'
import { acceptForms, refuseFrames } from './posted-form.ts'
import { type PageEvent, pageForEveryError, Refusal } from './refusal.ts'
import { openSealer } from './sealed.ts'
import { connectedAppsStart } from './start-page.ts'
import { stopQuestion, stopSharing } from './stop-sharing.ts'

export interface PagesParts {
  readonly layout: Layout
  readonly interactions: Interactions
  readonly accounts: CustomerAccounts
  readonly connections: Connections
  readonly sessions: CustomerSessions
  readonly signIn: SignIn
  readonly profile: Pick<Profile, 'clusters'>
  /** 32 random bytes or more, the same on every process. */
  readonly secrets: { readonly csrfKey: Buffer }
  /** Our own origin, as browsers write it: every post must come from it. */
  readonly origin: string
  /** Begins the names of our cookies, to tell them apart from other programs' on this host; may be empty. */
  readonly cookiePrefix: string
  readonly now: () => Date
  readonly observe?: (event: PageEvent) => void
}

/** Paths of this door; every other one is left to whoever comes next. */
const OURS = /^\/(?:$|(?:interaction|login|connections|sign-out|assets)(?:\/|$))/

/** The customers' door: sign in, choose accounts, agree or refuse, see and stop what is shared. */
export function openPages(parts: PagesParts): Middleware {
  const { layout, observe = () => {} } = parts
  const errorPage = openErrorPage(layout)
  const router = routesOf(parts)
  const door = compose([
    pageForEveryError({ errorPage, secure: layout.secure, observe }),
    serveAssets(layout.assets),
    refuseFrames,
    router.routes() as Middleware, // a router's context is a Koa context with more on it
    async () => {
      throw new Refusal({ situation: 'not-found' })
    },
  ])
  return async (ctx, next) => (OURS.test(ctx.path) ? door(ctx, async () => {}) : next())
}

function routesOf(parts: PagesParts): Router {
  const router = new Router()
  const forms = acceptForms(parts.origin) as Parameters<typeof router.post>[1]
  const { journey, customer } = insidesOf(parts)

  const uidOf = (ctx: RouterContext) => ctx.params.uid ?? ''
  router.get('/interaction/:uid', (ctx) => journeyStart(journey, ctx, uidOf(ctx)))
  router.get('/interaction/:uid/login', (ctx) => journeySignIn(journey, ctx, uidOf(ctx)))
  router.post('/interaction/:uid/login', forms, (ctx) => journeyPassword(journey, ctx, uidOf(ctx)))
  router.get('/interaction/:uid/sca', (ctx) => journeyCode(journey, ctx, uidOf(ctx)))
  router.post('/interaction/:uid/sca', forms, (ctx) => journeyCheckCode(journey, ctx, uidOf(ctx)))
  router.get('/interaction/:uid/accounts', (ctx) => journeyAccounts(journey, ctx, uidOf(ctx)))
  router.post('/interaction/:uid/accounts', forms, (ctx) => journeyShare(journey, ctx, uidOf(ctx)))
  router.post('/interaction/:uid/cancel', forms, (ctx) => journeyCancel(journey, ctx, uidOf(ctx)))

  router.get('/', (ctx) => connectedAppsStart(customer, ctx))
  router.get('/login', (ctx) => customerSignIn(customer, ctx))
  router.post('/login', forms, (ctx) => customerPassword(customer, ctx))
  router.get('/login/code', (ctx) => customerCode(customer, ctx))
  router.post('/login/code', forms, (ctx) => customerCheckCode(customer, ctx))
  router.post('/sign-out', forms, (ctx) => customerSignOut(customer, ctx))

  const idOf = (ctx: RouterContext) => ctx.params.id ?? ''
  router.get('/connections', (ctx) => connectionsList(customer, ctx))
  router.get('/connections/:id', (ctx) => connectionDetail(customer, ctx, idOf(ctx)))
  router.get('/connections/:id/stop', (ctx) => stopQuestion(customer, ctx, idOf(ctx)))
  router.post('/connections/:id/stop', forms, (ctx) => stopSharing(customer, ctx, idOf(ctx)))
  return router
}

function insidesOf(parts: PagesParts): { journey: JourneyParts; customer: CustomerParts } {
  const { layout, now, profile, secrets } = parts
  const cookies = openCookies({ secure: layout.secure, prefix: parts.cookiePrefix })
  const notes = openNotes({ cookies, sealer: openSealer(secrets.csrfKey, 'notes'), now })
  const shared = { ...parts, layout, notes, tokens: openFormTokens(secrets.csrfKey) }
  return {
    journey: { ...shared, clusters: (permissions) => profile.clusters(permissions) },
    customer: { ...shared, cookies, sealer: openSealer(secrets.csrfKey, 'half signed in') },
  }
}
