import { randomBytes } from 'node:crypto'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Context, Middleware } from 'koa'
import Provider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider'
import { makeKeyPair } from '../support/jws.ts'
import type { TestAuthority } from '../support/pki.ts'

/** The certified engine by itself, so that the scripted third party is tried on something that is known to be right. */
export interface BareEngine {
  readonly issuer: string
  close(): Promise<void>
}

const ALGORITHMS = ['PS256', 'ES256'] as const

/**
 * FAPI 2.0 on `https://auth.bank.test`, client certificates on `https://mtls.bank.test`; anyone may sign in. `more`
 * is asked before the pages and the engine.
 */
export async function openBareEngine(
  authority: TestAuthority,
  more: (provider: Provider) => Middleware = () => (_ctx, next) => next(),
): Promise<BareEngine> {
  const { certificate, key } = await authority.server(['auth.bank.test', 'mtls.bank.test'])
  const server = https.createServer({
    cert: certificate,
    key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server on a TCP port has an AddressInfo.
  const { port } = server.address() as AddressInfo
  const issuer = `https://auth.bank.test:${port}`
  const provider = new Provider(issuer, await configuration(port))
  provider.use(more(provider))
  provider.use((ctx, next) => pages(provider, ctx, next))
  server.on('request', provider.callback())
  return {
    issuer,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

async function configuration(port: number): Promise<Configuration> {
  const keys = await Promise.all(ALGORITHMS.map((alg) => makeKeyPair(alg)))
  const mutualTls = `https://mtls.bank.test:${port}`
  return {
    adapter: shelves(),
    ttl: Object.fromEntries(kinds.map((kind) => [kind, 600])),
    jwks: {
      keys: keys.map(({ privateKey, kid, alg }) => ({ ...privateKey.export({ format: 'jwk' }), kid, alg })),
    },
    clientAuthMethods: ['private_key_jwt'],
    responseTypes: ['code'],
    scopes: ['openid', 'accounts'],
    rotateRefreshToken: false,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    cookies: { keys: [randomBytes(32).toString('hex')] },
    enabledJWA: {
      clientAuthSigningAlgValues: [...ALGORITHMS],
      idTokenSigningAlgValues: [...ALGORITHMS],
      dPoPSigningAlgValues: [...ALGORITHMS],
    },
    clientDefaults: { id_token_signed_response_alg: 'PS256', token_endpoint_auth_method: 'private_key_jwt' },
    discovery: {
      mtls_endpoint_aliases: {
        token_endpoint: `${mutualTls}/token`,
        userinfo_endpoint: `${mutualTls}/me`,
        pushed_authorization_request_endpoint: `${mutualTls}/request`,
      },
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    features: {
      devInteractions: { enabled: false },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        // The listener is TLS only.
        getCertificate: (ctx) => (ctx.socket as TLSSocket).getPeerX509Certificate(),
      },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true, allowedPolicy: () => true },
      clientCredentials: { enabled: true },
      registration: { enabled: true },
    },
  }
}

const kinds = [
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'Grant',
  'IdToken',
  'Interaction',
  'RefreshToken',
  'Session',
] as const

/** One shelf per kind, in memory. */
function shelves(): (kind: string) => Adapter {
  const kept = new Map<string, AdapterPayload>()
  return (kind) => ({
    upsert: async (id, payload) => void kept.set(`${kind} ${id}`, payload),
    find: async (id) => kept.get(`${kind} ${id}`),
    findByUid: async (uid) =>
      [...kept].find(([at, payload]) => at.startsWith(kind) && payload.uid === uid)?.[1],
    findByUserCode: async () => undefined,
    consume: async (id) => void Object.assign(kept.get(`${kind} ${id}`) ?? {}, { consumed: 1 }),
    destroy: async (id) => void kept.delete(`${kind} ${id}`),
    revokeByGrantId: async (grantId) => {
      for (const [at, payload] of kept)
        if (at.startsWith(kind) && payload.grantId === grantId) kept.delete(at)
    },
  })
}

const field = (name: string, type = 'text') => `<input name="${name}" type="${type}">`
export const form = (inner: string, button: string) =>
  `<form method="post">${inner}<button id="${button}">Continue</button></form>`
const accounts = [1, 2, 3].map(
  (n) =>
    `<input type="checkbox" id="a${n}" name="accounts" value="acc-${n}"><label for="a${n}">Account ${n}</label>`,
)
export const steps = {
  login: form(field('login') + field('password', 'password'), 'login-submit'),
  code: form(field('code'), 'code-submit'),
  accounts:
    form(`<h1>Share with Acme Budget?</h1>${accounts.join('')}`, 'consent-allow') +
    form(field('deny', 'hidden'), 'consent-deny'),
}

async function pages(provider: Provider, ctx: Context, next: () => Promise<unknown>): Promise<void> {
  if (!ctx.path.startsWith('/interaction/')) return void (await next())
  ctx.type = 'html'
  if (ctx.method === 'GET') {
    ctx.body = steps.login
    return
  }
  const answers = new URLSearchParams(await textOf(ctx))
  if (answers.has('login')) ctx.body = steps.code
  else if (answers.has('code')) ctx.body = steps.accounts
  else await decided(provider, ctx, answers.has('deny'))
}

async function decided(provider: Provider, ctx: Context, denied: boolean): Promise<void> {
  const { params } = await provider.interactionDetails(ctx.req, ctx.res)
  const grant = new provider.Grant({ accountId: 'alice', clientId: String(params.client_id) })
  grant.addOIDCScope('openid accounts')
  const result = denied
    ? { error: 'access_denied' }
    : { login: { accountId: 'alice' }, consent: { grantId: await grant.save() } }
  ctx.status = 303
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result))
}

/** The request's body. */
export async function textOf(ctx: Context): Promise<string> {
  const chunks: Buffer[] = []
  // A stream without an encoding set gives Buffers only.
  for await (const chunk of ctx.req) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
