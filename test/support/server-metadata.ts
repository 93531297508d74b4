import { expectStatus } from './expect-answer.ts'
import { isObject, type JsonObject, textMember } from './json.ts'
import type { Transport } from './transport.ts'
import { Unexpected } from './unexpected.ts'

/** What an authorization server says about itself. */
export interface ServerMetadata {
  readonly issuer: string
  readonly document: JsonObject
  /** The URL of an endpoint, by its metadata name. Throws Unexpected when the server does not offer it. */
  endpoint(name: string, options?: { readonly mutualTls?: boolean }): string
}

/**
 * OpenID Connect Discovery 1.0 §4. Throws Unexpected when the document's issuer is not byte for byte the one asked
 * for (§4.3).
 */
export async function discover(transport: Transport, issuer: string, via?: string): Promise<ServerMetadata> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const answer = expectStatus(await transport.send({ url, ...(via !== undefined && { via }) }), 200)
  const document = answer.json()
  if (document.issuer !== issuer)
    throw new Unexpected(`GET ${url}`, `issuer "${issuer}"`, JSON.stringify(document.issuer) ?? 'none')
  return { issuer, document, endpoint: (name, options = {}) => endpointOf(document, name, options) }
}

function endpointOf(
  document: JsonObject,
  name: string,
  { mutualTls = false }: { readonly mutualTls?: boolean },
): string {
  const aliases = document.mtls_endpoint_aliases
  // RFC 8705 §5: a client doing mutual TLS uses the alias where there is one, the ordinary endpoint elsewhere.
  if (mutualTls && isObject(aliases) && aliases[name] !== undefined)
    return textMember(aliases, name, 'mtls_endpoint_aliases')
  return textMember(document, name, 'the discovery document')
}
