/** A customer of the bank, as far as Postern must know them: who they are at the bank and how they sign in. */
export interface Customer {
  readonly id: string
  /** Ten digits, printed on the back of the card. */
  readonly customerNumber: string
  /** The bank's own id for the customer, used on the bank's port only. */
  readonly bankCustomerId: string
  readonly name: string
}

/** How a customer proved who they are (RFC 8176 values), for `amr` and the audit trail. */
export interface Authentication {
  readonly customerId: string
  readonly at: Date
  readonly amr: readonly string[]
}

/** RTS Art. 4(3)(b): not more than five failed attempts in a row. */
export const MAX_FAILED_ATTEMPTS = 5
/** How long sign-in stays locked after that, in seconds. */
export const LOCK_SECONDS = 15 * 60
/** RTS Art. 4(3)(d): at most five minutes without activity. Seconds. */
export const IDLE_SECONDS = 5 * 60
/** However active: nobody stays signed in longer. Seconds. */
export const ABSOLUTE_SECONDS = 30 * 60
