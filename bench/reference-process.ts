import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import Provider, { type ClientMetadata, type Configuration, type JWK } from 'oidc-provider'
import type { ReferenceReply, ReferenceRequest, Seeds } from './reference.ts'

// What we are measured against: the same engine by itself, with the memory adapter it brings (no database, no audit
// trail, no log), set up for the same profile, and its endpoints at the same client authentication and binding.

const algorithms = ['ES256', 'PS256'] as const
const RESOURCE = 'https://api.reference.postern.test'
const details = [
  {
    type: 'account_access',
    permissions: ['ReadAccountsDetail', 'ReadBalances', 'ReadTransactionsDetail', 'ReadTransactionsCredits'],
    accounts: ['9d1c2b1f0f6e4f6bb4a1c8e2d3f4a5b6', '1e2d3c4b5a69788796a5b4c3d2e1f00f'],
  },
]

function configuration(clients: readonly ClientMetadata[], signingKey: JWK): Configuration {
  return {
    clients: [...clients],
    jwks: { keys: [signingKey] },
    clientAuthMethods: ['private_key_jwt', 'self_signed_tls_client_auth'],
    scopes: ['openid', 'accounts'],
    responseTypes: ['code'],
    clockTolerance: 15,
    rotateRefreshToken: false,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    enabledJWA: {
      clientAuthSigningAlgValues: [...algorithms],
      idTokenSigningAlgValues: [...algorithms],
      dPoPSigningAlgValues: ['ES256'],
    },
    ttl: { AccessToken: 3600, ClientCredentials: 300, Grant: 86_400, IdToken: 300, RefreshToken: 86_400 },
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: () => '/nobody-comes-here' },
    cookies: { keys: ['nobody comes here either'] },
    features: {
      devInteractions: { enabled: false },
      fapi: { enabled: true, profile: '2.0' },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        // The listener is TLS only.
        getCertificate: (ctx) => (ctx.socket as TLSSocket).getPeerX509Certificate(),
      },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => resourceServer,
      },
      richAuthorizationRequests: {
        enabled: true,
        types: { account_access: { validate: () => undefined } },
        authorizationDetailsForGrantSource: async (ctx) => ctx.oidc.entities.Grant?.rar,
        authorizationDetailsForAccessToken: async (_ctx, _token, source) => source?.rar,
        authorizationDetailsForIntrospection: async (_ctx, token) => ('rar' in token ? token.rar : undefined),
      },
    },
  }
}

const resourceServer = { scope: 'accounts', audience: RESOURCE, accessTokenFormat: 'opaque' as const }

async function open(request: Extract<ReferenceRequest, { kind: 'open' }>): Promise<number> {
  const server = createServer({
    cert: request.tls.certificate,
    key: request.tls.key,
    requestCert: true,
    rejectUnauthorized: false,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server on a TCP port has an AddressInfo.
  const { port } = server.address() as AddressInfo
  provider = new Provider(
    `https://${request.host}:${port}`,
    configuration(request.clients as ClientMetadata[], request.signingKey as JWK),
  )
  server.on('request', provider.callback())
  return port
}

let provider: Provider | undefined

/** Grants with an access token and a refresh token each, as a customer's consent leaves them. */
async function seed({ clientId, thumbprint, count }: Extract<ReferenceRequest, { kind: 'seed' }>) {
  const engine = provider
  const client = await engine?.Client.find(clientId)
  if (engine === undefined || client === undefined) throw new Error('the reference is not open')
  const accessTokens: string[] = []
  const refreshTokens: string[] = []
  for (let index = 0; index < count; index += 1) {
    const accountId = `customer-${index}`
    const grant = new engine.Grant({ clientId, accountId })
    grant.addOIDCScope('openid')
    grant.addResourceScope(RESOURCE, 'accounts')
    for (const detail of details) grant.addRar(detail as never)
    const grantId = await grant.save()
    const common = { client, accountId, grantId, gty: 'authorization_code', rar: details }
    // The types do not have every member that the engine's own grants set.
    const access = new engine.AccessToken({ ...common, scope: 'accounts' } as never)
    access.resourceServer = new engine.ResourceServer(RESOURCE, resourceServer)
    Object.assign(access, { 'x5t#S256': thumbprint })
    accessTokens.push(await access.save())
    const refresh = { ...common, scope: 'openid accounts', resource: RESOURCE, authTime: 1, nonce: 'n' }
    refreshTokens.push(await new engine.RefreshToken(refresh as never).save())
  }
  return { accessTokens, refreshTokens } satisfies Seeds
}

async function obey(request: ReferenceRequest): Promise<ReferenceReply> {
  return request.kind === 'open' ? { port: await open(request) } : { seeds: await seed(request) }
}

process.on('message', (request: ReferenceRequest) => {
  obey(request).then(
    (reply) => process.send?.(reply),
    (fault: Error) => process.send?.({ fault: fault.message }),
  )
})
process.once('disconnect', () => process.exit(0))
