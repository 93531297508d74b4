import type { JsonObject } from './json.ts'
import type { KeyPair } from './jws.ts'
import type { ServerMetadata } from './server-metadata.ts'
import type { ClientCertificate, Transport } from './transport.ts'
import type { Variant } from './variant.ts'

/** Everything that makes a client this client. */
export interface ThirdPartyFacts {
  readonly transport: Transport
  readonly server: ServerMetadata
  readonly clientId: string
  readonly variant: Variant
  /** Authenticates the client. */
  readonly key: KeyPair
  /** Holds the tokens of the DPoP variant. */
  readonly dpopKey: KeyPair
  readonly idTokenAlg: string
  readonly redirectUri: string
  readonly now: () => Date
  /** Holds the tokens of the mTLS variant. */
  readonly certificate?: ClientCertificate
  /** The registration response, where it registered itself. */
  readonly registration?: JsonObject
  /** Base URL of the resource API. */
  readonly gateway?: string
}
