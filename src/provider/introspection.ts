import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Context, Middleware } from 'koa'
import { errors } from 'oidc-provider'
import type { LiveToken } from '../domain/live-token.ts'
import { isUnavailable } from '../domain/problem.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { Profile } from '../profiles/profile.ts'
import { certificateRegistered, decodeAssertion, verifyAssertion } from './client-assertion.ts'
import type { Clients, KnownClient } from './clients.ts'
import type { LiveTokens } from './live-tokens.ts'
import type { Ledger } from './ports.ts'
import { routes } from './settings.ts'

/** What our own introspection endpoint is made of. */
export interface IntrospectionParts {
  readonly issuer: string
  readonly profile: Profile
  readonly clients: Clients
  readonly tokens: LiveTokens
  readonly ledger: Pick<Ledger, 'spend'>
  readonly now: () => Date
  /** RFC 8705 thumbprint of the certificate proved on this connection, if any. */
  readonly certificateThumbprint: (request: IncomingMessage) => string | undefined
  readonly observe?: (outcome: 'active' | 'inactive' | 'refused' | 'failed', ms: number) => void
}

const MAX_BODY = 16_384
const parameters = [
  'token',
  'token_type_hint',
  'client_id',
  'client_assertion',
  'client_assertion_type',
] as const
type Parameters = Partial<Record<(typeof parameters)[number], string>>

/**
 * RFC 7662 for the bank's resource APIs, in front of the engine's own: this is the one endpoint that is asked for
 * every API call. A resource server learns of tokens for its own resource only; everybody else, third parties
 * included, is told exactly `{"active":false}`.
 */
export function introspection(parts: IntrospectionParts): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== routes.introspection || ctx.method !== 'POST') return next()
    const started = performance.now()
    ctx.set('Cache-Control', 'no-store')
    try {
      const active = await answer(parts, ctx)
      parts.observe?.(active ? 'active' : 'inactive', performance.now() - started)
    } catch (error) {
      const refused = error instanceof errors.OIDCProviderError
      parts.observe?.(refused ? 'refused' : 'failed', performance.now() - started)
      if (refused) refuse(ctx, error)
      else if (isUnavailable(error)) unavailable(ctx)
      else throw error
    }
  }
}

async function answer(parts: IntrospectionParts, ctx: Context): Promise<boolean> {
  const body = await readParameters(ctx)
  const client = await authenticate(parts, ctx.req, body)
  if (body.token === undefined) throw new errors.InvalidRequest("missing required parameter 'token'")
  const token = client.kind === 'resource-server' ? await parts.tokens.live(body.token) : undefined
  const mine =
    client.kind === 'resource-server' && token !== undefined && token.resource === client.server.resource
  ctx.body = mine ? describe(token, parts) : { active: false }
  return mine
}

/** RFC 7662 §2.2, with the consent that makes the token good (docs/architecture.md). */
function describe(token: LiveToken, { issuer, profile }: IntrospectionParts): JsonObject {
  const { consent } = token
  const thumbprint = 'jkt' in token.confirmation
  return {
    active: true,
    iss: issuer,
    client_id: token.clientId,
    token_type: thumbprint ? 'DPoP' : 'Bearer',
    cnf: { ...token.confirmation },
    iat: seconds(token.issuedAt),
    exp: seconds(token.expiresAt),
    scope: token.scope,
    ...(token.resource && { aud: token.resource }),
    ...(token.subject && { sub: token.subject }),
    ...(consent && {
      authorization_details: profile.grantedDetails(
        consent,
        consent.accounts.map(({ accountId }) => accountId),
      ),
      consent: {
        id: consent.id,
        permissions: consent.permissions,
        expires_at: consent.expiresAt.toISOString(),
        bank_customer_id: consent.bankCustomerId,
        accounts: consent.accounts.map(({ accountId, bankAccountId }) => ({
          account_id: accountId,
          bank_account_id: bankAccountId,
        })),
      },
    }),
  }
}

function seconds(moment: Date): number {
  return Math.floor(moment.getTime() / 1000)
}

async function authenticate(
  parts: IntrospectionParts,
  request: IncomingMessage,
  body: Parameters,
): Promise<KnownClient> {
  if (request.headers.authorization !== undefined)
    throw new errors.InvalidRequest('client authentication must only be provided using one mechanism')
  return body.client_assertion === undefined
    ? byCertificate(parts, request, body.client_id)
    : byAssertion(parts, body)
}

async function byAssertion({ clients, issuer, ledger, now }: IntrospectionParts, body: Parameters) {
  const decoded = decodeAssertion(body)
  const client = await clients.find(decoded.clientId)
  if (client?.metadata.token_endpoint_auth_method !== 'private_key_jwt')
    throw new errors.InvalidClientAuth('not a client that authenticates by private_key_jwt')
  const { clientId, jti, expiresAt } = await verifyAssertion(decoded, client.metadata, issuer, now())
  // The same memory as at the engine's endpoints: an assertion is accepted once, wherever it is shown.
  const key = createHash('sha256').update(`authority\0${clientId}\0${jti}`, 'utf8').digest()
  if (!(await ledger.spend(key, expiresAt)))
    throw new errors.InvalidClientAuth('client assertion tokens must only be used once')
  return client
}

async function byCertificate(
  { clients, certificateThumbprint }: IntrospectionParts,
  request: IncomingMessage,
  clientId: string | undefined,
) {
  if (clientId === undefined) throw new errors.InvalidRequest('no client authentication mechanism provided')
  const thumbprint = certificateThumbprint(request)
  const client = await clients.find(clientId)
  if (
    thumbprint === undefined ||
    client?.metadata.token_endpoint_auth_method !== 'self_signed_tls_client_auth' ||
    !certificateRegistered(client.metadata, thumbprint)
  )
    throw new errors.InvalidClientAuth('unregistered client certificate provided')
  return client
}

async function readParameters(ctx: Context): Promise<Parameters> {
  if (!ctx.is('application/x-www-form-urlencoded'))
    throw new errors.InvalidRequest(
      'only application/x-www-form-urlencoded content-type bodies are supported',
    )
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    size += chunk.length
    if (size > MAX_BODY) throw new errors.InvalidRequest('the request is too large')
    chunks.push(chunk)
  }
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  const read: Parameters = {}
  for (const name of parameters) {
    const [value, ...more] = form.getAll(name)
    if (more.length > 0) throw new errors.InvalidRequest(`'${name}' parameter must not be provided twice`)
    if (value) read[name] = value
  }
  return read
}

function refuse(ctx: Context, error: errors.OIDCProviderError): void {
  ctx.status = error.statusCode
  ctx.body = {
    error: error.error,
    ...(error.error_description && { error_description: error.error_description }),
  }
}

function unavailable(ctx: Context): void {
  ctx.status = 503
  ctx.set('Retry-After', '1')
  ctx.body = { error: 'temporarily_unavailable', error_description: 'try again shortly' }
}
