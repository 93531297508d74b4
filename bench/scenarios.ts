import { randomUUID, X509Certificate } from 'node:crypto'
import { type KeyPair, makeKeyPair } from '../test/support/jws.ts'
import type { ThirdParty } from '../test/support/third-party.ts'
import type { ClientCertificate } from '../test/support/transport.ts'
import { firstTokens, type OurSide, repeatConsent } from './our-side.ts'
import type { Recipe } from './recipe.ts'
import { openReference, type Reference, type Seeds } from './reference.ts'
import type { Scenario, Side } from './scenario.ts'

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
/** Consents that the requests are spread over. */
const CONSENTS = 100

/** The parties of every scenario, known to both servers under the same names and keys. */
export interface Stage {
  readonly ours: OurSide
  readonly reference: Reference
  readonly acme: ThirdParty
  readonly certificate: ClientCertificate
  readonly resourceServer: {
    readonly clientId: string
    readonly key: KeyPair
    readonly certificate: ClientCertificate
  }
  readonly seeds: Seeds
}

export async function openStage(ours: OurSide): Promise<Stage> {
  const { house } = ours
  const acme = await house.register({
    variant: 'private_key_jwt-mtls',
    alg: 'ES256',
    metadata: { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] },
  })
  const { certificate } = acme.facts
  if (certificate === undefined) throw new Error('the third party has no certificate')
  const seeds = await repeatConsent(house, await firstTokens(house, acme), CONSENTS)
  const resourceServer = {
    clientId: randomUUID(),
    key: await makeKeyPair('ES256'),
    certificate: await house.authority.client({ commonName: 'cards-api' }),
  }
  const signingKey = await makeKeyPair('ES256')
  const reference = await openReference({
    host: 'reference.postern.test',
    tls: await house.authority.server(['reference.postern.test']),
    signingKey: { ...signingKey.privateKey.export({ format: 'jwk' }), kid: signingKey.kid, alg: 'ES256' },
    clients: [
      ...['private_key_jwt', 'self_signed_tls_client_auth'].map((method) =>
        resourceServerMetadata({ resourceServer }, method),
      ),
      {
        client_id: acme.clientId,
        redirect_uris: [acme.facts.redirectUri],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'ES256',
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        response_types: ['code'],
        scope: 'openid accounts',
        authorization_details_types: ['account_access'],
        tls_client_certificate_bound_access_tokens: true,
        jwks: { keys: [acme.facts.key.publicJwk] },
      },
    ],
  })
  return { ours, reference, acme, certificate, resourceServer, seeds }
}

/** What is compared, by name; each is set up when its turn comes. */
export const scenarios: Readonly<Record<string, (stage: Stage) => Promise<Scenario>>> = {
  'introspection-private-key-jwt': async (stage) => introspection(stage, 'private_key_jwt'),
  'introspection-mtls': async (stage) => introspection(stage, 'self_signed_tls_client_auth'),
  'client-credentials': async (stage) =>
    both('client-credentials', stage, () => ({
      ...atTokenEndpoint(stage),
      form: { ...asAcme(stage), grant_type: 'client_credentials' },
    })),
  refresh: async (stage) => {
    const fresh = await seedReference(stage)
    return both('refresh', stage, (side) => ({
      ...atTokenEndpoint(stage),
      form: { ...asAcme(stage), grant_type: 'refresh_token' },
      turns: {
        name: 'refresh_token',
        values: side === 'ours' ? stage.seeds.refreshTokens : fresh.refreshTokens,
      },
    }))
  },
}

type Which = 'ours' | 'reference'

/** The recipe of each side: the same but for addresses and tokens. */
function both(
  name: string,
  { ours, reference }: Stage,
  recipe: (side: Which) => Omit<Recipe, 'url' | 'ca' | 'assertion'> & {
    readonly paths: Readonly<Record<Which, string>>
    readonly signer?: { readonly clientId: string; readonly key: KeyPair }
  },
): Scenario {
  const sideOf = (which: Which): Side => {
    const { paths, signer, ...rest } = recipe(which)
    const issuer = which === 'ours' ? ours.house.issuer : reference.issuer
    return {
      pid: which === 'ours' ? ours.pid : reference.pid,
      ...(which === 'ours' && { postgresPid: ours.postgresPid }),
      recipe: {
        ...rest,
        url: paths[which],
        ca: ours.house.authority.certificate,
        ...(signer && { assertion: signedBy(signer, issuer) }),
      },
    }
  }
  return { name, ours: sideOf('ours'), reference: sideOf('reference') }
}

function signedBy({ clientId, key }: { clientId: string; key: KeyPair }, audience: string) {
  const privateKey = key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  return { clientId, audience, kid: key.kid, privateKey }
}

function asAcme({ acme }: Stage): Readonly<Record<string, string>> {
  return { client_id: acme.clientId, client_assertion_type: ASSERTION }
}

function atTokenEndpoint({ ours, reference, acme, certificate }: Stage) {
  return {
    paths: {
      ours: `${ours.house.config.certificate.url}/token`,
      reference: `${reference.issuer}/token`,
    },
    certificate,
    signer: { clientId: acme.clientId, key: acme.facts.key },
    expect: '"access_token":"',
  }
}

async function introspection(stage: Stage, method: string): Promise<Scenario> {
  const { ours, reference, resourceServer } = stage
  const byKey = method === 'private_key_jwt'
  const metadata = resourceServerMetadata(stage, method)
  const { house } = ours
  // A resource has one server: the one before makes room.
  await house.sql('delete from resource_server')
  await house.sql('insert into resource_server values ($1, $2, $3, $4, now())', [
    metadata.client_id,
    'Cards API',
    house.gateway,
    JSON.stringify(metadata),
  ])
  const fresh = await seedReference(stage)
  const base = byKey ? house.issuer : house.config.certificate.url
  return both(byKey ? 'introspection-private-key-jwt' : 'introspection-mtls', stage, (side) => ({
    paths: { ours: `${base}/introspect`, reference: `${reference.issuer}/token/introspection` },
    form: { client_id: metadata.client_id, ...(byKey && { client_assertion_type: ASSERTION }) },
    turns: { name: 'token', values: side === 'ours' ? stage.seeds.accessTokens : fresh.accessTokens },
    ...(byKey
      ? { signer: { clientId: metadata.client_id, key: resourceServer.key } }
      : { certificate: resourceServer.certificate }),
    expect: '"active":true',
  }))
}

function resourceServerMetadata({ resourceServer }: Pick<Stage, 'resourceServer'>, method: string) {
  const { clientId, key, certificate } = resourceServer
  const byKey = method === 'private_key_jwt'
  const { publicKey, raw } = new X509Certificate(certificate.certificate)
  const ofCertificate = { ...publicKey.export({ format: 'jwk' }), x5c: [raw.toString('base64')] }
  return {
    client_id: `${clientId}-${byKey ? 'key' : 'certificate'}`,
    token_endpoint_auth_method: method,
    ...(byKey && { token_endpoint_auth_signing_alg: 'ES256' }),
    id_token_signed_response_alg: 'ES256',
    grant_types: [],
    response_types: [],
    redirect_uris: [],
    jwks: { keys: [byKey ? key.publicJwk : ofCertificate] },
  }
}

function seedReference({ reference, acme, certificate }: Stage): Promise<Seeds> {
  const { fingerprint256 } = new X509Certificate(certificate.certificate)
  const thumbprint = Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  return reference.seed(acme.clientId, thumbprint, CONSENTS)
}
