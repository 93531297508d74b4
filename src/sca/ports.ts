import type { Customer } from '../domain/customer.ts'

/** What the bank keeps to recognise one customer. Never logged, never shown. */
export interface Credentials {
  readonly customer: Customer
  /** An argon2id hash in PHC form. */
  readonly passwordHash: string
  /** Base32, 160 bits or more. */
  readonly totpSecret: string
  /** True when bank staff have barred this customer from signing in. */
  readonly blocked: boolean
}

/** Whether one more attempt may be made. */
type AttemptAnswer =
  | {
      readonly allowed: true
      /** How many tries are left after this one, should it fail. */
      readonly triesLeft: number
    }
  | { readonly allowed: false; readonly until: Date }

export interface CredentialStore {
  /** Credentials by customer number; undefined when there is no such customer (the caller then verifies a decoy). */
  byNumber(customerNumber: string): Promise<Credentials | undefined>
  byId(customerId: string): Promise<Credentials | undefined>
  /**
   * Counts one attempt *before* it is verified, in one guarded statement: refused when five in a row have failed
   * already and the lock ({@link LOCK_SECONDS} after the fifth) has not ended; after its end counting starts anew.
   * `key` is an opaque 32-byte key of the customer number typed, so unknown numbers lock like known ones.
   */
  countAttempt(key: Buffer, now: Date): Promise<AttemptAnswer>
  /**
   * The attempt was right, but sign-in is not complete yet: takes back this one count and nothing more. Without it,
   * passwords that were right would use up the tries; with a reset here, they would buy tries for the code.
   */
  takeBack(key: Buffer): Promise<void>
  /** The attempt succeeded with every factor: failures in a row are forgotten. */
  succeeded(key: Buffer): Promise<void>
  /** True the first time only that this TOTP time-step is used for this customer, however many ask at once. */
  spendTotpStep(customerId: string, step: number): Promise<boolean>
}
