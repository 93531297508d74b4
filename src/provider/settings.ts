import { createHash, randomBytes } from 'node:crypto'
import type Keygrip from 'keygrip'
import Provider, {
  type AdapterFactory,
  type Configuration,
  errors,
  interactionPolicy,
  type KoaContextWithOIDC,
} from 'oidc-provider'
import { Problem } from '../domain/problem.ts'
import type { SigningKey } from '../domain/signing-key.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { Profile } from '../profiles/profile.ts'
import { assertClientAssertion } from './client-assertion.ts'
import type { Clients } from './clients.ts'
import { authorizationParameters, requestConsent } from './consent-requested.ts'
import { agreementTakesEffect } from './decided.ts'
import { BankSigningKey } from './external-signing-key.ts'
import { tellSubjects, withSubject } from './pairwise-subject.ts'
import type { Ledger } from './ports.ts'
import { unitOfWorkIfAny } from './unit-of-work.ts'

/** Everything the engine's configuration is made of. */
export interface EngineParts {
  readonly issuer: string
  /** Base URL of the endpoints that ask for a client certificate. */
  readonly certificateBaseUrl: string
  /** The resource indicator of the gateway: what tokens are for unless the request names another. */
  readonly gatewayResource: string
  readonly profile: Profile
  readonly keys: readonly SigningKey[]
  readonly cookieKeys: Keygrip
  /** False only for an http issuer on this machine (demo): cookies without `Secure`, other names. */
  readonly secure: boolean
  readonly cookiePrefix: string
  /** 32 bytes, the same on every process. */
  readonly dpopNonceSecret: Buffer
  readonly accessTokenSeconds: number
  readonly interactionSeconds: number
  readonly ledger: Ledger
  readonly clients: Clients
  readonly adapter: AdapterFactory
  readonly renderError: NonNullable<Configuration['renderError']>
  readonly now: () => Date
}

const ALGORITHMS = ['PS256', 'ES256'] as const
const CODE_SECONDS = 60

export const routes = {
  authorization: '/authorize',
  token: '/token',
  pushed_authorization_request: '/par',
  registration: '/register',
  introspection: '/introspect',
  revocation: '/revoke',
  jwks: '/jwks',
  userinfo: '/userinfo',
} as const

/** Where the endpoints are that clients authenticate at; for the certificate listener, RFC 8705 §5's aliases. */
export function endpointsBelow(base: string): JsonObject {
  return {
    token_endpoint: `${base}${routes.token}`,
    pushed_authorization_request_endpoint: `${base}${routes.pushed_authorization_request}`,
    introspection_endpoint: `${base}${routes.introspection}`,
    revocation_endpoint: `${base}${routes.revocation}`,
    userinfo_endpoint: `${base}${routes.userinfo}`,
    registration_endpoint: `${base}${routes.registration}`,
  }
}

/** The engine, with every default that is not safe for a bank replaced (each has its test). */
export function openEngine(parts: EngineParts): Provider {
  const engine = new Provider(parts.issuer, engineSettings(parts))
  // Only the front handler talks to us; it writes these headers itself and lets no visitor's through.
  engine.proxy = true
  tellSubjects(engine)
  engine.ReplayDetection.unique = (issuer, jti, expiresAt) => unseen(parts, issuer, jti, expiresAt)
  return engine
}

function engineSettings(parts: EngineParts): Configuration {
  const { now, profile, ledger } = parts
  const algorithms = [...ALGORITHMS]
  return {
    adapter: parts.adapter,
    jwks: { keys: parts.keys.map((key) => new BankSigningKey(key)) },
    routes,
    clientAuthMethods: ['private_key_jwt', 'self_signed_tls_client_auth'],
    responseTypes: ['code'],
    scopes: ['openid', ...Object.keys(profile.scopes)],
    claims: { openid: ['sub'], amr: null, auth_time: null },
    subjectTypes: ['public'],
    clockTolerance: 15,
    // FAPI 2.0 Security Profile §5.3.2.1 item 9: refresh tokens do not rotate; they end when the consent ends.
    rotateRefreshToken: false,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    loadExistingGrant: (ctx) => agreementTakesEffect(ctx, { ledger, profile, now: now() }),
    // What a grant's end means is decided in grant-ended.ts; the engine only says that it wants one.
    revokeGrantPolicy: () => false,
    findAccount: (ctx, id) => accountOf(parts, ctx, id),
    // Called once the signature has been verified: from here on the client is who it says.
    assertJwtClientAuthClaimsAndHeader: async (_ctx, claims, _header, client) => {
      const unit = unitOfWorkIfAny()
      if (unit) unit.provedClient = client.clientId
      assertClientAssertion(claims, parts.issuer, now())
    },
    acceptQueryParamAccessTokens: false,
    allowOmittingSingleRegisteredRedirectUri: false,
    enabledJWA: {
      clientAuthSigningAlgValues: algorithms,
      idTokenSigningAlgValues: algorithms,
      requestObjectSigningAlgValues: algorithms,
      authorizationSigningAlgValues: algorithms,
      userinfoSigningAlgValues: algorithms,
      introspectionSigningAlgValues: algorithms,
      dPoPSigningAlgValues: algorithms,
    },
    clientDefaults: {
      id_token_signed_response_alg: 'PS256',
      authorization_signed_response_alg: 'PS256',
      token_endpoint_auth_method: 'private_key_jwt',
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_modes: ['query', 'jwt', 'query.jwt'],
      require_pushed_authorization_requests: true,
    },
    extraClientMetadata: {
      properties: ['security_profile', 'software_id', 'org_id'],
      validator: (_ctx, name, _value, metadata) => {
        if (name === 'security_profile') mustBeSenderConstrained(metadata)
      },
    },
    fetchResponseBodyLimits: { jwks_uri: 65_536, sector_identifier_uri: 65_536 },
    cookies: {
      keys: parts.cookieKeys,
      names: cookieNames(parts),
      long: { httpOnly: true, sameSite: 'lax', secure: parts.secure, signed: true },
      short: { httpOnly: true, sameSite: 'lax', secure: parts.secure, signed: true },
    },
    ttl: {
      AccessToken: (ctx) => withinGrant(ctx, parts.accessTokenSeconds, now()),
      ClientCredentials: parts.accessTokenSeconds,
      AuthorizationCode: CODE_SECONDS,
      IdToken: 300,
      Interaction: parts.interactionSeconds,
      RefreshToken: (ctx) => withinGrant(ctx, Number.POSITIVE_INFINITY, now()),
      Session: parts.interactionSeconds,
      Grant: parts.interactionSeconds,
    },
    interactions: {
      policy: askEveryTime(parts),
      url: (_ctx, interaction) =>
        `${new URL(parts.issuer).pathname.replace(/\/$/, '')}/interaction/${interaction.uid}`,
    },
    renderError: parts.renderError,
    discovery: { mtls_endpoint_aliases: endpointsBelow(parts.certificateBaseUrl) as never },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: true },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: {
        enabled: true,
        requirePushedAuthorizationRequests: true,
        allowUnregisteredRedirectUris: false,
      },
      dPoP: { enabled: true, nonceSecret: parts.dpopNonceSecret, requireNonce: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        getCertificate: certificateOf,
      },
      jwtResponseModes: { enabled: true },
      clientCredentials: { enabled: true },
      // Answered by our own endpoint (introspection.ts) in front; should a request ever reach the engine's, it is told nothing.
      introspection: { enabled: true, allowedPolicy: async () => false },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      registration: {
        enabled: true,
        initialAccessToken: false,
        issueRegistrationAccessToken: false,
        // Begins with a letter, so that operators can type it on a command line; looks like nobody's `sub` (FAPI 2.0 §6.7).
        idFactory: () => `tpp-${randomBytes(16).toString('hex')}`,
      },
      registrationManagement: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: (ctx, _client, oneOf) => defaultResource(parts, ctx, oneOf),
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => resourceServerInfo(parts, ctx, resource),
      },
      richAuthorizationRequests: {
        enabled: true,
        types: Object.fromEntries(
          profile.authorizationDetailsTypes.map((type) => [
            type,
            { validate: (ctx: KoaContextWithOIDC) => validateDetails(parts, ctx) },
          ]),
        ),
        authorizationDetailsForGrantSource: (ctx) => ctx.oidc.entities.Grant?.rar,
        // RFC 9396 §6: a token request cannot ask for more; the granted details come with every token.
        authorizationDetailsForAccessToken: (_ctx, _token, source) => source?.rar,
        authorizationDetailsForIntrospection: (_ctx, token) => ('rar' in token ? token.rar : undefined),
      },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    },
  }
}

/** The engine's cookies; its session is not kept (without-session.ts). */
export function cookieNames({ secure, cookiePrefix }: Pick<EngineParts, 'secure' | 'cookiePrefix'>) {
  return secure
    ? { session: '__Host-engine', interaction: '__Secure-interaction', resume: '__Secure-resume' }
    : {
        session: `${cookiePrefix}engine`,
        interaction: `${cookiePrefix}interaction`,
        resume: `${cookiePrefix}resume`,
      }
}

/** Every authorization asks the customer anew: no session, grant or earlier answer stands in for it. */
function askEveryTime({ profile, now }: EngineParts): interactionPolicy.DefaultPolicy {
  const { Check, Prompt, base } = interactionPolicy
  const policy = base()
  policy.clear()
  const undecided = new Check('undecided', 'the customer has to be asked', 'login_required', (ctx) => {
    if (ctx.oidc.result !== undefined) return Check.NO_NEED_TO_PROMPT
    const { client, params } = ctx.oidc
    if (client === undefined || params === undefined)
      throw new Error('an authorization without client or parameters')
    const request = asOAuth(() => profile.consentRequest(authorizationParameters(params), now()))
    if (request.kind === 'staged') throw new errors.InvalidRequest('staged consents are not served here')
    requestConsent(ctx, client.clientId, request.terms, now())
    return Check.REQUEST_PROMPT
  })
  policy.add(new Prompt({ name: 'login', requestable: true }, undecided))
  policy.add(new Prompt({ name: 'consent', requestable: true }))
  return policy
}

/** The customer as this third party's organisation knows them; undefined for whoever is not good any more. */
async function accountOf({ ledger, clients }: EngineParts, ctx: KoaContextWithOIDC, id: string) {
  const client = ctx.oidc.client && (await clients.find(ctx.oidc.client.clientId))
  if (client?.kind !== 'third-party') return undefined
  const known = [...(unitOfWorkIfAny()?.grants.values() ?? [])].find(
    ({ facts }) => facts.subject !== undefined && customerOf(facts.grant?.consent) === id,
  )
  const sub = known?.facts.subject ?? (await ledger.subjectOf(client.thirdParty.organisation.id, id))
  return withSubject(id, sub)
}

function customerOf(consent: object | undefined): string | undefined {
  return consent && 'customerId' in consent && typeof consent.customerId === 'string'
    ? consent.customerId
    : undefined
}

/** RFC 9396 §5; run for each element, it checks them all together, since one request describes one consent. */
function validateDetails({ profile, now }: EngineParts, ctx: KoaContextWithOIDC): void {
  asOAuth(() => profile.consentRequest(authorizationParameters(ctx.oidc.params ?? {}), now()))
}

function asOAuth<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (error instanceof Problem && error.code === 'invalid-authorization-details')
      throw new errors.InvalidAuthorizationDetails(error.message)
    throw error
  }
}

/** A request for account data is for the gateway, unless it names another resource (DESIGN §7.7). */
function defaultResource(parts: EngineParts, ctx: KoaContextWithOIDC, oneOf: readonly string[] | undefined) {
  if (oneOf !== undefined) return oneOf[0]
  const { params } = ctx.oidc
  if (params?.grant_type === 'client_credentials') return parts.gatewayResource
  const { scope, authorizationDetails } = authorizationParameters(params ?? {})
  const accountData =
    authorizationDetails.length > 0 || scope.some((name) => Object.hasOwn(parts.profile.scopes, name))
  return accountData ? parts.gatewayResource : undefined
}

async function resourceServerInfo(parts: EngineParts, ctx: KoaContextWithOIDC, resource: string) {
  // RFC 8707 §2 lets a request name several; here a token is good for one resource, so a request names one.
  if (Array.isArray(ctx.oidc.params?.resource) && ctx.oidc.params.resource.length > 1)
    throw new errors.InvalidTarget('a request names one resource')
  const registered =
    resource === parts.gatewayResource ||
    (await parts.ledger.listResourceServers()).some((server) => server.resource === resource)
  if (!registered) throw new errors.InvalidTarget('no such resource here')
  const scopes = Object.keys(parts.profile.scopes)
  const { params } = ctx.oidc
  const asked = authorizationParameters(params ?? {}).scope
  // Account data needs a customer's consent; a client on its own can have none.
  if (params?.grant_type === 'client_credentials' && asked.some((name) => scopes.includes(name)))
    throw new errors.InvalidScope('this scope needs a customer', asked.join(' '))
  return { scope: scopes.join(' '), audience: resource, accessTokenFormat: 'opaque' as const }
}

/** No token outlives what it hangs on. Seconds. */
function withinGrant(ctx: KoaContextWithOIDC, seconds: number, now: Date): number {
  const end = ctx.oidc.entities.Grant?.exp ?? Number.POSITIVE_INFINITY
  return Math.max(1, Math.min(seconds, end - Math.floor(now.getTime() / 1000), 10 * 366 * 24 * 60 * 60))
}

/** FAPI 2.0 Security Profile §5.3.2.1: exactly one way of sender-constraining, or tokens would be mere bearers. */
function mustBeSenderConstrained(metadata: {
  readonly dpop_bound_access_tokens?: unknown
  readonly tls_client_certificate_bound_access_tokens?: unknown
}): void {
  const dpop = metadata.dpop_bound_access_tokens === true
  const mtls = metadata.tls_client_certificate_bound_access_tokens === true
  if (dpop === mtls)
    throw new errors.InvalidClientMetadata(
      'exactly one of dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens must be true',
    )
}

// The types have PEM strings only; the engine takes an X509Certificate just as well (helpers/certificate_thumbprint.js).
function certificateOf(ctx: KoaContextWithOIDC): string | undefined {
  const { socket } = ctx.req
  const known = certificates.get(socket)
  if (known !== undefined) return known
  const certificate = 'getPeerX509Certificate' in socket && (socket as PeerSocket).getPeerX509Certificate()
  if (!certificate) return undefined
  const pem = certificate.toString()
  certificates.set(socket, pem)
  return pem
}

/** What each connection proved at its handshake; it stays the same until the connection ends. */
const certificates = new WeakMap<object, string>()

interface PeerSocket {
  getPeerX509Certificate(): { toString(): string } | undefined
}

/** DPoP proofs live up to five minutes either way in the engine; they are remembered for longer than that. */
const REMEMBERED_SECONDS = 660

async function unseen({ ledger, now }: EngineParts, issuer: string, jti: string, expiresAt: number) {
  const key = createHash('sha256').update(`authority\0${issuer}\0${jti}`, 'utf8').digest()
  const least = Math.floor(now().getTime() / 1000) + REMEMBERED_SECONDS
  return ledger.spend(key, new Date(Math.max(expiresAt, least) * 1000))
}
