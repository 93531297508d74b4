import * as client from 'openid-client'
import { recordingFetch } from './recording-fetch.ts'
import {
  keptRegistration,
  type Registered,
  type RegistrationOptions,
  type RegistrationSettings,
  register,
} from './registration.ts'
import type { Steps } from './step.ts'

export interface BankSettings extends RegistrationSettings {
  readonly gateway: string
  readonly now: () => Date
}

/** This third party as a client of the bank: openid-client's configuration, recording into the steps of one browser. */
export class RegisteredClient {
  readonly #settings: BankSettings
  #registered: Promise<Registered> | undefined
  #mayKeep = true
  #metadata: client.ServerMetadata | undefined
  /** Holds the nonces of both servers, so that not every request has to be sent twice. */
  #dpop: client.DPoPHandle | undefined

  constructor(settings: BankSettings) {
    this.#settings = settings
  }

  /** Discovery is read anew for every journey, as a careful client does. Registers first where that was not done yet. */
  async discover(steps: Steps): Promise<client.Configuration> {
    const { clientId, metadata } = await this.#registration(steps)
    const server = new URL(this.#settings.issuer)
    const configuration = await client.discovery(
      server,
      clientId,
      metadata,
      this.#authentication(),
      this.#options(steps),
    )
    this.#metadata = configuration.serverMetadata()
    return strict(configuration)
  }

  /** The bank as in the last discovery. */
  async known(steps: Steps): Promise<client.Configuration> {
    if (this.#metadata === undefined) return this.discover(steps)
    const { clientId, metadata } = await this.#registration(steps)
    const configuration = new client.Configuration(this.#metadata, clientId, metadata, this.#authentication())
    const { [client.customFetch]: recorded, execute = [] } = this.#options(steps)
    configuration[client.customFetch] = recorded
    for (const extension of execute) extension(configuration)
    return strict(configuration)
  }

  /** What makes openid-client send DPoP proofs. */
  proof(configuration: client.Configuration): client.DPoPHandle {
    this.#dpop ??= client.getDPoPHandle(configuration, this.#settings.keys.dpop)
    return this.#dpop
  }

  /** The next need registers anew. */
  forgetRegistration(): void {
    this.#registered = undefined
    this.#mayKeep = false
  }

  #registration(steps: Steps): Promise<Registered> {
    this.#registered ??= this.#keptOrNew(steps).catch((error: unknown) => {
      this.#registered = undefined
      throw error
    })
    return this.#registered
  }

  async #keptOrNew(steps: Steps): Promise<Registered> {
    const kept = this.#mayKeep ? await keptRegistration(this.#settings) : undefined
    const registered = kept ?? (await register(this.#settings, this.#options(steps)))
    this.#mayKeep = true
    return registered
  }

  #authentication(): client.ClientAuth {
    return client.PrivateKeyJwt(this.#settings.keys.authentication)
  }

  #options(steps: Steps): RegistrationOptions {
    const { issuer, directory, gateway, now } = this.#settings
    const places = () => ({ directory, gateway, endpoints: { ...this.#metadata } })
    return {
      // The demo's bank is on http://localhost, a secure context; a real one has https and this stays off.
      execute: issuer.startsWith('http:') ? [client.allowInsecureRequests] : [],
      [client.customFetch]: recordingFetch(steps, places, now),
    }
  }
}

/** OpenID Connect Core §3.1.3.7: the ID token's signature is checked, although it came over TLS. */
function strict(configuration: client.Configuration): client.Configuration {
  client.enableNonRepudiationChecks(configuration)
  return configuration
}
