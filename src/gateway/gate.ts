import type Koa from 'koa'
import type { Profile } from '../profiles/profile.ts'
import type { Admitter } from './admitter.ts'
import type { CoreBank } from './core-bank.ts'
import { type ResourceMetadata, resourceMetadata } from './resource-metadata.ts'

/** What is known of the connection a request came on. */
export interface Peer {
  /** `x5t#S256` of the client certificate, only when the TLS handshake (or a named proxy) proved it. */
  readonly certificateThumbprint?: string
  readonly remoteAddress?: string
}

/** One answered request, for logs and metrics: no token, no id of an account, no query. */
export interface Observation {
  readonly interactionId: string
  /** The endpoint's name; `metadata`; or `none` when nothing matched. */
  readonly endpoint: string
  /** As sent; 499 when the client left before. */
  readonly status: number
  readonly error?: string
  readonly clientId?: string
  readonly consentId?: string
  readonly milliseconds: number
  /** What was thrown when it was our own fault. */
  readonly fault?: unknown
}

export interface GatewayOptions {
  readonly admitter: Admitter
  readonly bank: CoreBank
  readonly profile: Pick<Profile, 'endpoints' | 'disclose' | 'authorizationDetailsTypes'>
  /** The public URL third parties call, path included; without its last slash it is the resource indicator. */
  readonly baseUrl: string
  readonly resourceMetadata: {
    readonly authorizationServers: readonly string[]
    readonly scopes: readonly string[]
  }
  readonly peer: (ctx: Koa.Context) => Peer
  readonly now: () => Date
  readonly observe?: (observation: Observation) => void
  /** How long the bank may take. Milliseconds; 8000 unless told. */
  readonly bankTimeout?: number
}

/** The options, and what follows from them. */
export interface Gate extends GatewayOptions {
  readonly base: URL
  readonly basePath: string
  readonly metadata: ResourceMetadata
}

export function openGate(options: GatewayOptions): Gate {
  const base = new URL(options.baseUrl)
  const metadata = resourceMetadata(base, {
    ...options.resourceMetadata,
    authorizationDetailsTypes: options.profile.authorizationDetailsTypes,
  })
  return { ...options, base, basePath: base.pathname.replace(/\/$/, ''), metadata }
}
