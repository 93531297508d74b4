import type { JsonObject } from '../domain/third-party.ts'
import { PROOF_ALGORITHMS } from './dpop-proof.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

export interface ResourceMetadata {
  /** Where RFC 9728 §3.1 puts the document: between host and path of the resource. */
  readonly url: string
  /** Every path it is answered at: that one, and below the base for proxies that send us nothing else. */
  readonly paths: readonly string[]
  readonly document: JsonObject
}

/** RFC 9728 §2: what a client must know to ask for a token for `baseUrl`. */
export function resourceMetadata(
  baseUrl: URL,
  facts: {
    readonly authorizationServers: readonly string[]
    readonly scopes: readonly string[]
    readonly authorizationDetailsTypes: readonly string[]
  },
): ResourceMetadata {
  const basePath = baseUrl.pathname.replace(/\/$/, '')
  const path = `${WELL_KNOWN}${basePath}`
  return {
    url: `${baseUrl.origin}${path}`,
    paths: [path, `${basePath}${WELL_KNOWN}`],
    document: {
      resource: `${baseUrl.origin}${basePath}`,
      authorization_servers: facts.authorizationServers,
      scopes_supported: facts.scopes,
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
      dpop_bound_access_tokens_required: false,
      tls_client_certificate_bound_access_tokens: true,
      authorization_details_types_supported: facts.authorizationDetailsTypes,
    },
  }
}
