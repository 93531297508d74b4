import { expectStatus } from './expect-answer.ts'
import { type JsonObject, merged, type Overrides, textMember } from './json.ts'
import type { KeyPair } from './jws.ts'
import { makeCertificateRequest } from './pki.ts'
import type { ServerMetadata } from './server-metadata.ts'
import type { Answer, ClientCertificate, HeaderLines, Transport } from './transport.ts'
import type { Variant } from './variant.ts'

/** What a third party tells its directory about its software. */
export interface SoftwareFacts {
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly roles: readonly string[]
  readonly keys: readonly KeyPair[]
  readonly organisation?: { readonly id: string; readonly name: string }
}

/** A statement from the directory's `POST /software-statements`, for these keys by value. */
export async function askStatement(
  transport: Transport,
  directory: string,
  facts: SoftwareFacts,
): Promise<string> {
  const body = {
    client_name: facts.name,
    redirect_uris: facts.redirectUris,
    jwks: { keys: facts.keys.map((key) => key.publicJwk) },
    roles: facts.roles,
    ...(facts.organisation && { org_id: facts.organisation.id, org_name: facts.organisation.name }),
  }
  const answer = await transport.send({
    method: 'POST',
    url: `${directory}/software-statements`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return expectStatus(answer, 201).body.trim()
}

/** A client certificate from the directory's `POST /certificates`. */
export async function askCertificate(
  transport: Transport,
  directory: string,
  subject: { readonly commonName: string; readonly organisation: string },
): Promise<ClientCertificate> {
  const { request, key } = await makeCertificateRequest(subject)
  const answer = await transport.send({
    method: 'POST',
    url: `${directory}/certificates`,
    headers: { 'content-type': 'application/x-pem-file' },
    body: request,
  })
  return { certificate: expectStatus(answer, 201).body, key }
}

export interface RegistrationFacts {
  readonly statement: string
  readonly variant: Variant
  readonly alg: KeyPair['alg']
  readonly idTokenAlg: string
  readonly redirectUris: readonly string[]
}

/**
 * RFC 7591 §2 metadata of a FAPI 2.0 client: one way to authenticate, exactly one sender constraint. Overrides are
 * laid over it; `undefined` leaves a member out.
 */
export function registrationMetadata(facts: RegistrationFacts, overrides: Overrides = {}): JsonObject {
  const constraint =
    facts.variant === 'private_key_jwt-mtls'
      ? { tls_client_certificate_bound_access_tokens: true }
      : { dpop_bound_access_tokens: true }
  const metadata: JsonObject = {
    software_statement: facts.statement,
    redirect_uris: facts.redirectUris,
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: facts.alg,
    id_token_signed_response_alg: facts.idTokenAlg,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    ...constraint,
  }
  return merged(metadata, overrides)
}

export interface RegistrationOptions {
  readonly via?: string
  readonly headers?: HeaderLines
  readonly certificate?: ClientCertificate | false
}

/** RFC 7591 §3.1: the raw answer. A text is sent as it is. */
export function sendRegistration(
  transport: Transport,
  server: ServerMetadata,
  metadata: JsonObject | string,
  options: RegistrationOptions = {},
): Promise<Answer> {
  return transport.send({
    method: 'POST',
    url: server.endpoint('registration_endpoint'),
    headers: { 'content-type': 'application/json', accept: 'application/json', ...options.headers },
    body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    ...(options.via !== undefined && { via: options.via }),
    ...(options.certificate !== undefined && { certificate: options.certificate }),
  })
}

/** What was registered (RFC 7591 §3.2.1). Throws Unexpected unless 201 with a client_id, and no secret for it. */
export function readRegistration(answer: Answer): JsonObject & { readonly client_id: string } {
  const body = expectStatus(answer, 201).json()
  return { ...body, client_id: textMember(body, 'client_id', 'the registration response') }
}

/** The id_token algorithm to register: the client's own if the bank signs with it, else the bank's first. */
export function idTokenAlgorithm(server: ServerMetadata, alg: string): string {
  const offered = server.document.id_token_signing_alg_values_supported
  if (!Array.isArray(offered) || offered.includes(alg)) return alg
  const first: unknown = offered[0]
  return typeof first === 'string' ? first : alg
}
