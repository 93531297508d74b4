import type { IncomingMessage, RequestListener } from 'node:http'
import type Keygrip from 'keygrip'
import type { Context, Middleware } from 'koa'
import type Provider from 'oidc-provider'
import { isUnavailable } from '../domain/problem.ts'
import type { SigningKey } from '../domain/signing-key.ts'
import type { Profile } from '../profiles/profile.ts'
import { openAdapter } from './adapter.ts'
import { type Clients, openClients } from './clients.ts'
import { honestDiscovery } from './discovery.ts'
import { type EngineFault, listenToEngine } from './engine-events.ts'
import { type Interactions, openInteractions } from './interactions.ts'
import { introspection } from './introspection.ts'
import { type LiveTokens, openLiveTokens } from './live-tokens.ts'
import type { Ledger } from './ports.ts'
import { protocolGuards } from './protocol-guards.ts'
import { openRegistrations } from './registrations.ts'
import { cookieNames, openEngine } from './settings.ts'
import { withoutSession } from './without-session.ts'
import { workInUnits } from './work-in-units.ts'

/** What a customer is shown when the protocol cannot lead them on. */
export type ProtocolPage = 'expired-link' | 'finished' | 'unusable-request' | 'unavailable' | 'fault'

export interface AuthorizationServerParts {
  readonly issuer: string
  readonly certificateBaseUrl: string
  readonly gatewayResource: string
  readonly profile: Profile
  readonly keys: readonly SigningKey[]
  readonly ledger: Ledger
  readonly secrets: { readonly cookieKeys: Keygrip; readonly dpopNonceSecret: Buffer }
  readonly secure: boolean
  readonly cookiePrefix: string
  readonly accessTokenSeconds: number
  readonly interactionSeconds: number
  readonly now: () => Date
  readonly certificateThumbprint: (request: IncomingMessage) => string | undefined
  /** Shows a customer what went wrong, in the bank's layout and in constant words. */
  readonly showPage: (ctx: Context, page: ProtocolPage, reference?: string) => void
  /** Comes before the engine on every request: pages, the registration door, headers. */
  readonly before: (parts: { readonly interactions: Interactions }) => readonly Middleware[]
  readonly observeIntrospection?: (outcome: string, ms: number) => void
  /** Told of every fault that is ours, with the error whole, for the log. */
  readonly fault: EngineFault
}

export interface AuthorizationServer {
  readonly handler: RequestListener
  readonly tokens: LiveTokens
  readonly clients: Clients
  /** Rebuilds the engine around other keys; requests under way finish with the old ones (DESIGN §7.10). */
  useKeys(keys: readonly SigningKey[]): void
}

/** The authority: the engine behind one door, with our rules in front of it. */
export function openAuthorizationServer(parts: AuthorizationServerParts): AuthorizationServer {
  const { ledger, now } = parts
  const clients = openClients(ledger)
  const tokens = openLiveTokens(ledger, now)
  const adapter = openAdapter({ ledger, clients, registrations: openRegistrations(ledger, now), now })
  let engine: Provider
  const interactions = openInteractions({ engine: () => engine, ledger, clients, now })
  const front: readonly Middleware[] = [
    ...parts.before({ interactions }),
    protocolGuards,
    introspection({
      ...parts,
      clients,
      tokens,
      ...(parts.observeIntrospection && { observe: parts.observeIntrospection }),
    }),
    honestDiscovery(parts),
    withoutSession(cookieNames(parts).session),
    workInUnits(parts),
  ]

  function build(keys: readonly SigningKey[]): { engine: Provider; handler: RequestListener } {
    const built = openEngine({
      ...parts,
      keys,
      clients,
      adapter,
      cookieKeys: parts.secrets.cookieKeys,
      dpopNonceSecret: parts.secrets.dpopNonceSecret,
      renderError: async (ctx, out, error) => renderError(parts, ctx, out.error, error),
    })
    for (const middleware of front) built.use(middleware)
    listenToEngine(built, parts)
    return { engine: built, handler: built.callback() }
  }

  let current = build(parts.keys)
  engine = current.engine
  return {
    handler: (request, response) => current.handler(request, response),
    tokens,
    clients,
    useKeys: (keys) => {
      current = build(keys)
      engine = current.engine
    },
  }
}

/** A page with constant words: nothing of the request is on it, so nothing of it can be smuggled in. */
function renderError(parts: AuthorizationServerParts, ctx: Context, code: string, error: Error): void {
  parts.showPage(ctx, pageOf(code, error))
}

function pageOf(code: string, error: Error): ProtocolPage {
  if (isUnavailable(error)) return 'unavailable'
  if (code === 'server_error') return 'fault'
  const isOver = error.name === 'SessionNotFound' || code === 'invalid_request_uri'
  return isOver ? 'expired-link' : 'unusable-request'
}
