import type { Overrides } from './json.ts'
import { type HonestAlgorithm, type KeyPair, makeKeyPair } from './jws.ts'
import {
  askCertificate,
  askStatement,
  idTokenAlgorithm,
  readRegistration,
  registrationMetadata,
  sendRegistration,
} from './registration.ts'
import { discover, type ServerMetadata } from './server-metadata.ts'
import type { ThirdPartyFacts } from './third-party-facts.ts'
import type { ClientCertificate, Transport } from './transport.ts'
import type { Variant } from './variant.ts'

export interface RegisterOptions {
  readonly transport: Transport
  readonly issuer: string
  /** What is known of the issuer already; else it is asked. */
  readonly server?: ServerMetadata
  /** Base URL of a directory that gives statements and certificates. */
  readonly directory: string
  readonly gateway?: string
  readonly variant?: Variant
  readonly alg?: HonestAlgorithm
  readonly name?: string
  readonly redirectUris?: readonly [string, ...string[]]
  readonly roles?: readonly string[]
  readonly organisation?: { readonly id: string; readonly name: string }
  /** Instead of asking the directory; must vouch for `key`. */
  readonly statement?: string
  readonly key?: KeyPair
  readonly certificate?: ClientCertificate
  /** Laid over the registration's metadata. */
  readonly metadata?: Overrides
  readonly via?: string
  readonly now?: () => Date
}

/** From nothing to a registered client: keys, statement, RFC 7591 registration and, for mTLS, a certificate. */
export async function registerNewcomer(options: RegisterOptions): Promise<ThirdPartyFacts> {
  const { transport, variant = 'private_key_jwt-dpop', now = () => new Date() } = options
  const { redirectUris = ['https://acme-budget.test/callback'] } = options
  const server = options.server ?? (await discover(transport, options.issuer, options.via))
  const key = options.key ?? (await makeKeyPair(options.alg ?? 'PS256'))
  const statement = options.statement ?? (await statementFor(options, redirectUris, key))
  const idTokenAlg = idTokenAlgorithm(server, key.alg)
  const metadata = registrationMetadata(
    { statement, variant, alg: key.alg, idTokenAlg, redirectUris },
    options.metadata,
  )
  const answer = await sendRegistration(transport, server, metadata, {
    ...(options.via !== undefined && { via: options.via }),
  })
  const registration = readRegistration(answer)
  const certificate = await certificateFor(options, variant, registration.client_id)
  return {
    transport,
    server,
    clientId: registration.client_id,
    variant,
    key,
    dpopKey: await makeKeyPair('ES256'),
    idTokenAlg,
    redirectUri: redirectUris[0],
    now,
    registration,
    ...(certificate && { certificate }),
    ...(options.gateway !== undefined && { gateway: options.gateway }),
  }
}

function statementFor(
  options: RegisterOptions,
  redirectUris: readonly string[],
  key: KeyPair,
): Promise<string> {
  const { name = 'Acme Budget', roles = ['AISP'], organisation } = options
  const facts = { name, redirectUris, roles, keys: [key], ...(organisation && { organisation }) }
  return askStatement(options.transport, options.directory, facts)
}

function certificateFor(
  { certificate, transport, directory, name = 'Acme Budget' }: RegisterOptions,
  variant: Variant,
  clientId: string,
): Promise<ClientCertificate> | ClientCertificate | undefined {
  if (certificate !== undefined || variant !== 'private_key_jwt-mtls') return certificate
  return askCertificate(transport, directory, { commonName: clientId, organisation: name })
}
