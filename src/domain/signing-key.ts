import type { KeyObject } from 'node:crypto'

/** The algorithms FAPI 2.0 allows that a bank's KMS offers (FAPI 2.0 Security Profile §5.4.1). */
export type SigningAlgorithm = 'PS256' | 'ES256'

/** A key that signs for the bank, wherever its private half is. */
export interface SigningKey {
  /** RFC 7638 thumbprint of the public key: the same wherever the key is listed. */
  readonly kid: string
  readonly alg: SigningAlgorithm
  readonly publicKey: KeyObject
  /**
   * JOSE signature bytes over `data` (PS256: salt of 32 bytes; ES256: r‖s), already verified with `publicKey`.
   * Throws Problem `unavailable` when the key cannot sign now; nothing has been spent then.
   */
  sign(data: Uint8Array): Promise<Uint8Array>
}
