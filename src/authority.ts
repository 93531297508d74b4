import { createHash, hkdfSync } from 'node:crypto'
import Keygrip from 'keygrip'
import type { Middleware } from 'koa'
import { openBank } from './bank/bank.ts'
import type { Config, SharedSecrets } from './config.ts'
import type { ConsentAccount } from './domain/consent.ts'
import type { SigningKey } from './domain/signing-key.ts'
import { certificateThumbprint } from './front/client-certificate.ts'
import { type Answered, protocolHeaders } from './front/protocol-headers.ts'
import { openAdmission } from './gateway/admission.ts'
import type { Admitter, Disclosure } from './gateway/admitter.ts'
import type { Log } from './operations/log.ts'
import type { Metrics } from './operations/metrics.ts'
import { type ErrorPage, newReference, openErrorPage } from './pages/error-page.ts'
import { openLayout } from './pages/layout.ts'
import { openPages } from './pages/open-pages.ts'
import type { Connection, Connections, CustomerAccounts } from './pages/ports.ts'
import type { Profile } from './profiles/profile.ts'
import { type AuthorizationServer, openAuthorizationServer } from './provider/authorization-server.ts'
import { openDirectoryKeys } from './registration/directory-keys.ts'
import { type GuardedFetch, openGuardedFetch } from './registration/guarded-fetch.ts'
import { openRegistration } from './registration/registration.ts'
import { registrationMiddleware } from './registration/registration-middleware.ts'
import { openPasswordHasher } from './sca/password-hasher.ts'
import { openSignIn } from './sca/sign-in.ts'
import type { AuditTrail } from './store/audit.ts'
import { type Changes, listenForChanges } from './store/changes.ts'
import { type CustomerConsent, customerConsent, customerConsents, endConsent } from './store/connections.ts'
import { openCustomerSessions } from './store/customer-sessions.ts'
import { findCustomer, openCredentials } from './store/customers.ts'
import type { Database } from './store/database.ts'
import { openDisclosures } from './store/disclosures.ts'
import { openLedger } from './store/ledger.ts'
import { accountAliases } from './store/mappings.ts'
import { openReplays } from './store/one-time.ts'

/** What every part of the authority is made of. */
export interface House {
  readonly config: Config
  readonly secrets: SharedSecrets
  readonly profile: Profile
  readonly database: Database
  readonly audit: AuditTrail
  readonly keys: readonly SigningKey[]
  readonly log: Log
  readonly metrics: Metrics
  readonly now: () => Date
}

/** The authority: everything behind the browser listener and the client-certificate listener. */
export interface Authority {
  readonly server: AuthorizationServer
  /** Judges the gateway's requests; in process, or behind the private listener. */
  readonly admitter: Admitter
  close(): Promise<void>
}

/** How long the bank's core systems may take for one answer (threats E23), in milliseconds. */
export const BANK_TIMEOUT = 10_000

/** The consents' journey takes this long at most, in seconds; five idle minutes end it before. */
const INTERACTION_SECONDS = 30 * 60

export async function openAuthority(house: House): Promise<Authority> {
  const { config, database, now } = house
  const bank = openBank({ ...config.bank, timeout: BANK_TIMEOUT })
  const fetch = openGuardedFetch({ exemptOrigins: config.fetchExemptions })
  const ledger = openLedger(database, house.audit)
  const layout = await openLayout({ brand: config.brand, secure: isSecure(config) })
  const errorPage = openErrorPage(layout)

  const server = openAuthorizationServer({
    issuer: config.issuer,
    certificateBaseUrl: config.certificate.url,
    gatewayResource: config.gateway.url,
    profile: house.profile,
    keys: house.keys,
    ledger,
    secrets: {
      cookieKeys: new Keygrip([...house.secrets.cookieKeys], 'sha256'),
      dpopNonceSecret: house.secrets.dpopNonceSecret,
    },
    secure: isSecure(config),
    cookiePrefix: cookiePrefix(config),
    accessTokenSeconds: config.accessTokenSeconds,
    interactionSeconds: INTERACTION_SECONDS,
    now,
    certificateThumbprint,
    showPage: (ctx, situation) => errorPage(ctx, { situation }),
    observeIntrospection: (_outcome, ms) => house.metrics.introspection(ms / 1000),
    fault: (fault, ctx) => logFault(house, fault, String(ctx.state.interactionId ?? '')),
    before: ({ interactions }) => [
      protocolHeaders({ secure: isSecure(config), observe: (answered) => observe(house, answered) }),
      pagesOnlyForBrowsers(config),
      pageForLostVisitors(errorPage),
      openPages({
        layout,
        interactions,
        accounts: accountsAtBank(house, bank),
        connections: customerConnections(house),
        sessions: openCustomerSessions(database, now),
        signIn: signIn(house),
        profile: house.profile,
        secrets: { csrfKey: derived(house.secrets, 'forms') },
        origin: new URL(config.issuer).origin,
        cookiePrefix: cookiePrefix(config),
        now,
        observe: (event) => {
          if (event.kind === 'fault') logFault(house, event.error, '', event.reference)
          else house.metrics.rejection({ door: 'pages', code: event.situation })
        },
      }),
      onlyAt('/register', registrationDoor(house, fetch)),
    ],
  })
  const changes: Changes = listenForChanges(database, server.clients)
  return {
    server,
    admitter: admission(house, server),
    close: async () => {
      await Promise.all([changes.close(), bank.close(), fetch.close()])
    },
  }
}

function isSecure(config: Config): boolean {
  return config.issuer.startsWith('https:')
}

/** Cookies ignore ports: what runs beside the demo on this host must not share their names. */
function cookiePrefix(config: Config): string {
  return isSecure(config) ? '' : `postern-${config.browser.port}-`
}

/** A key of its own for each purpose, from the one secret that every process shares (RFC 5869). */
function derived(secrets: SharedSecrets, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secrets.dpopNonceSecret, '', `postern ${purpose}`, 32))
}

/** Pages and discovery are for the browser listener; the other one takes protocol requests only (DESIGN §7.11). */
function pagesOnlyForBrowsers(config: Config): Middleware {
  const browserHost = new URL(config.issuer).host
  const protocol = new Set(['/par', '/token', '/introspect', '/revoke', '/userinfo', '/register', '/jwks'])
  return async (ctx, next) => {
    if (ctx.host === browserHost || protocol.has(ctx.path)) return next()
    ctx.status = 404
    ctx.body = { error: 'not_found', error_description: `pages and discovery are at ${config.issuer}` }
  }
}

/** A person who typed an address that is not here gets a page; a program keeps the engine's bare 404. */
function pageForLostVisitors(errorPage: ErrorPage): Middleware {
  return async (ctx, next) => {
    await next()
    const lost = ctx.status === 404 && (ctx.body === undefined || ctx.body === null)
    if (lost && ctx.accepts('json', 'html') === 'html') errorPage(ctx, { situation: 'not-found' })
  }
}

function onlyAt(path: string, middleware: Middleware): Middleware {
  return (ctx, next) => (ctx.path === path && ctx.method === 'POST' ? middleware(ctx, next) : next())
}

function registrationDoor(house: House, fetch: GuardedFetch): Middleware {
  const { config, now, profile, metrics } = house
  const keys = openDirectoryKeys({ jwksUrl: config.directory.jwksUrl, fetch, now })
  return registrationMiddleware({
    door: openRegistration({
      profile,
      directories: [{ issuer: config.directory.issuer, keys }],
      fetch,
      // The statement is spent in the commit that registers its third party (provider/registrations.ts).
      statements: { spend: async () => true },
      allowLoopbackRedirects: config.demo,
      now,
    }),
    refused: (_, problem) => metrics.rejection({ door: 'registration', code: problem.code }),
  })
}

function signIn(house: House) {
  const { config, database, audit, now, metrics } = house
  return openSignIn({
    credentials: openCredentials(database, { aliases: config.demo, now }),
    // Half of libuv's four threads: a burst of sign-ins must leave some to verify what resource APIs show.
    hasher: openPasswordHasher({ atOnce: 2 }),
    attemptSecret: attemptSecret(house.secrets),
    now,
    audit: async (event) => {
      metrics.sca({ method: 'password+totp', outcome: event.type })
      await audit.append(event)
    },
  })
}

/** Operators lift a lock under the same key. */
export function attemptSecret(secrets: SharedSecrets): Buffer {
  return derived(secrets, 'sign-in attempts')
}

function accountsAtBank(house: House, bank: ReturnType<typeof openBank>): CustomerAccounts {
  const { database } = house
  return {
    list: async (customerId, clientId) => {
      const customer = await findCustomer(database, customerId)
      if (customer === undefined) return []
      const accounts = await bank.list(customer.bankCustomerId)
      const aliases = await accountAliases(
        database,
        clientId,
        customerId,
        accounts.map(({ accountId }) => accountId),
      )
      return accounts.map((account) => {
        const id = aliases.get(account.accountId)
        if (id === undefined) throw new Error('an account was given no AccountId')
        return { id, account }
      })
    },
  }
}

function customerConnections(house: House): Connections {
  const { database, audit, now, profile, metrics } = house
  const view = (found: CustomerConsent): Connection => connectionOf(found, profile, now())
  return {
    list: async (customerId) => (await customerConsents(database, customerId)).map(view),
    find: async (customerId, consentId) => {
      const found = await customerConsent(database, customerId, consentId)
      return found && view(found)
    },
    stop: async (customerId, consentId, reason) => {
      const found = await customerConsent(database, customerId, consentId)
      if (found === undefined) return false
      const by = { reason: 'stopped-by-customer', actor: 'customer' } as const
      await endConsent(
        database,
        audit,
        found.consent,
        reason ? { ...by, facts: { said: reason } } : by,
        now(),
      )
      metrics.consent('stopped-by-customer')
      return true
    },
  }
}

function connectionOf(
  { consent, thirdParty, lastUsedAt }: CustomerConsent,
  profile: Profile,
  now: Date,
): Connection {
  if (consent.state !== 'authorised' && consent.state !== 'revoked')
    throw new Error('only what was agreed to is a connection')
  const base = {
    consentId: consent.id,
    thirdParty,
    clusters: profile.clusters(consent.terms.permissions),
    accounts: consent.accounts satisfies readonly ConsentAccount[],
    authorisedAt: consent.authorisedAt,
    expiresAt: consent.terms.expiresAt,
    ...(lastUsedAt && { lastUsedAt }),
  }
  if (consent.state === 'revoked')
    return { ...base, state: 'ended', endedAt: consent.closedAt, endedBecause: consent.reason }
  if (consent.terms.expiresAt <= now)
    return { ...base, state: 'ended', endedAt: consent.terms.expiresAt, endedBecause: 'expired' }
  return { ...base, state: 'active' }
}

function admission(house: House, server: AuthorizationServer): Admitter {
  const { config, database, audit, now } = house
  const disclosures = openDisclosures(database, audit, now)
  return openAdmission({
    tokens: server.tokens,
    replay: openReplays(database),
    disclosures: { record: (disclosure, at) => disclosures.record(disclosed(disclosure, at)) },
    refusals: {
      record: ({ clientId, consentId, interactionId, endpoint, error }, at) =>
        audit.append({
          type: 'data.refused',
          actor: 'third-party',
          at,
          clientId,
          interactionId,
          ...(consentId !== undefined && { consentId }),
          facts: { error, ...(endpoint !== undefined && { endpoint }) },
        }),
    },
    nonceSecret: derived(house.secrets, 'gateway nonces'),
    resource: config.gateway.url,
    now,
  })
}

function disclosed(disclosure: Disclosure, at: Date) {
  const { ticket, clientId, consentId, interactionId, endpoint, accountIds, rows } = disclosure
  return {
    tokenKey: Buffer.from(ticket, 'base64url'),
    consentId,
    event: {
      type: 'data.disclosed',
      actor: 'third-party',
      at,
      clientId,
      consentId,
      interactionId,
      // AccountIds are account numbers to nobody, but they are not needed to count what was given.
      facts: { endpoint, rows, accounts: accountIds.length, accountsDigest: digestOf(accountIds) },
    },
  } as const
}

function digestOf(accountIds: readonly string[]): string {
  return createHash('sha256')
    .update([...accountIds].sort().join('\0'))
    .digest('hex')
    .slice(0, 16)
}

function observe({ log, metrics }: House, answered: Answered): void {
  const { route, status, ms, error } = answered
  metrics.request({ door: 'authority', route, status }, ms / 1000)
  if (error !== undefined) metrics.rejection({ door: 'authority', code: error })
  log.info('answered', { door: 'authority', ...answered })
}

function logFault({ log }: House, fault: unknown, interactionId: string, reference = newReference()): void {
  const error = fault instanceof Error ? fault : new Error(String(fault))
  const { cause } = error
  log.error('fault', {
    reference,
    interactionId,
    message: error.message,
    stack: error.stack,
    ...(cause instanceof Error && { reason: cause.message }),
  })
}
