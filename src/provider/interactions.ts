import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { ConsentTerms, Decision } from '../domain/consent.ts'
import type { Authentication } from '../domain/customer.ts'
import { Problem } from '../domain/problem.ts'
import type { Clients } from './clients.ts'
import type { Ledger, StoredInteraction } from './ports.ts'
import { routes } from './settings.ts'
import { isLostRace } from './unit-of-work.ts'

/** A customer in the middle of being asked, in words that the pages understand. */
export interface CurrentInteraction {
  readonly uid: string
  readonly thirdParty: {
    readonly clientId: string
    readonly name: string
    readonly organisationName: string
    readonly clientUri?: string
    readonly suspended?: boolean
  }
  readonly redirectOrigin: string
  readonly consentId: string
  readonly terms: ConsentTerms
  readonly progress:
    | { readonly step: 'login'; readonly signedOut?: boolean }
    | { readonly step: 'factor'; readonly customerId: string }
    | { readonly step: 'accounts'; readonly authentication: Authentication }
    | { readonly step: 'decided'; readonly decision?: Decision; readonly returnTo?: string }
}

/** How the pages lead a customer through; each promise is written on its method. */
export interface Interactions {
  /** Only by this browser's own signed cookie, and only for the uid that the URL names. */
  current(ctx: Context, uid: string): Promise<CurrentInteraction | undefined>
  passwordAccepted(uid: string, customerId: string): Promise<void>
  factorAccepted(uid: string, authentication: Authentication): Promise<void>
  /** The first decision stands; answers our URL that leads the browser back to the third party. */
  decide(ctx: Context, uid: string, decision: Decision): Promise<string>
}

export function openInteractions(parts: {
  readonly engine: () => Provider
  readonly ledger: Ledger
  readonly clients: Clients
  readonly now: () => Date
}): Interactions {
  const { engine, ledger, clients, now } = parts

  async function mine(ctx: Context, uid: string): Promise<StoredInteraction | undefined> {
    const provider = engine()
    const { cookies } = provider.createContext(ctx.req, ctx.res)
    // `interactionDetails` reads the cookie and never the URL; the two must name the same interaction (threats C2).
    if (cookies.get(provider.cookieName('interaction'), { signed: true }) !== uid) return undefined
    const stored = await ledger.findInteraction(uid, now())
    return stored !== undefined && stored.expiresAt > now() ? stored : undefined
  }

  /** Where the engine takes the journey up again. Never stored: whoever knows the uid of it is nearly that browser. */
  const wayBack = (uid: string): string => `${engine().issuer}${routes.authorization}/${uid}`

  return {
    current: async (ctx, uid) => {
      const stored = await mine(ctx, uid)
      if (stored?.consentId === undefined) return undefined
      const [thirdParty, consent] = await Promise.all([
        clients.thirdParty(stored.clientId),
        ledger.findConsent(stored.consentId),
      ])
      if (thirdParty === undefined || consent === undefined) return undefined
      await ledger.touchInteraction(uid, now())
      return {
        uid,
        thirdParty: {
          clientId: thirdParty.clientId,
          name: thirdParty.name,
          organisationName: thirdParty.organisation.name,
          ...(thirdParty.clientUri && { clientUri: thirdParty.clientUri }),
          ...(thirdParty.standing !== 'active' && { suspended: true }),
        },
        redirectOrigin: originOf(redirectUriOf(stored)),
        consentId: consent.id,
        terms: consent.terms,
        progress: progressOf(stored, wayBack(uid)),
      }
    },

    passwordAccepted: (uid, customerId) => ledger.savePasswordAccepted(uid, customerId, now()),

    factorAccepted: (uid, { customerId, amr, at }) => ledger.saveFactorAccepted(uid, customerId, amr, at),

    decide: async (ctx, uid, decision) => {
      const stored = await mine(ctx, uid)
      if (stored === undefined) throw new Problem('not-found', 'This request has ended.')
      if (stored.decision === undefined) await record(stored, uid, decision)
      else mustBeSame(stored.decision, decision)
      return wayBack(uid)
    },
  }

  async function record(stored: StoredInteraction, uid: string, decision: Decision): Promise<void> {
    const told = await ledger.auditRow({
      type: 'consent.decided',
      actor: 'customer',
      at: now(),
      clientId: stored.clientId,
      ...(stored.customerId && { customerId: stored.customerId }),
      ...(stored.consentId && { consentId: stored.consentId }),
      facts: { decision: decision.kind },
    })
    try {
      await ledger.commit([ledger.recordDecision(uid, decision, stored.customerId, now()), told])
    } catch (error) {
      if (!isLostRace(error)) throw error
      const other = (await ledger.findInteraction(uid, now()))?.decision
      if (other === undefined)
        throw new Problem('wrong-state', 'This request has ended, or nobody is signed in.')
      mustBeSame(other, decision)
    }
  }
}

function mustBeSame(first: Decision, second: Decision): void {
  const accounts = (decision: Decision): string =>
    decision.kind === 'agreed'
      ? decision.accounts
          .map((account) => account.accountId)
          .sort()
          .join()
      : ''
  if (first.kind !== second.kind || accounts(first) !== accounts(second))
    throw new Problem('wrong-state', 'This request was decided already, and otherwise.')
}

function progressOf(stored: StoredInteraction, returnTo: string): CurrentInteraction['progress'] {
  const { decision, customerId, authenticatedAt, amr, finishedAt, signedOut } = stored
  if (finishedAt !== undefined) return { step: 'decided' }
  // Not brought back yet: a double click or a reload may still go on to where the first one leads.
  if (decision !== undefined) return { step: 'decided', decision, returnTo }
  if (customerId === undefined) return signedOut ? { step: 'login', signedOut } : { step: 'login' }
  if (authenticatedAt === undefined) return { step: 'factor', customerId }
  return { step: 'accounts', authentication: { customerId, at: authenticatedAt, amr } }
}

function redirectUriOf(stored: StoredInteraction): string {
  const { params } = stored.payload
  const redirectUri = params && typeof params === 'object' && 'redirect_uri' in params && params.redirect_uri
  if (typeof redirectUri !== 'string') throw new Error('an interaction without a redirect_uri was stored')
  return redirectUri
}

/** For CSP `form-action`: an origin, or the scheme where there is none (screens.md §3.2). */
function originOf(redirectUri: string): string {
  const { origin, protocol } = new URL(redirectUri)
  return origin === 'null' ? protocol : origin
}
