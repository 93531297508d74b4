import type { KeyObject } from 'node:crypto'
import { ExternalSigningKey } from 'oidc-provider'
import type { SigningKey } from '../domain/signing-key.ts'

/** Shows one of the bank's keys to the engine, which asks it to sign and never sees its private half. */
export class BankSigningKey extends ExternalSigningKey {
  readonly #key: SigningKey

  constructor(key: SigningKey) {
    super()
    this.#key = key
  }

  override get kid(): string {
    return this.#key.kid
  }

  override get alg(): string {
    return this.#key.alg
  }

  override keyObject(): KeyObject {
    return this.#key.publicKey
  }

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return this.#key.sign(data)
  }
}
