import type { BankAccount, BankBalance, BankQuery, BankTransaction } from '../profiles/profile.ts'

/** For whom the bank is asked, and until when the answer is wanted. */
export interface Asking {
  readonly bankCustomerId: string
  /** Sent on as x-fapi-interaction-id. */
  readonly interactionId: string
  readonly signal: AbortSignal
}

/** The bank's answer in the bank's words and ids. */
export type CoreBankAnswer =
  | { readonly kind: 'accounts'; readonly accounts: readonly BankAccount[] }
  | { readonly kind: 'account'; readonly account: BankAccount }
  | { readonly kind: 'balances'; readonly balances: readonly BankBalance[] }
  | { readonly kind: 'transactions'; readonly transactions: readonly BankTransaction[] }

/** The bank's core systems, as the gateway needs them. */
export interface CoreBank {
  /**
   * An answer of the query's own kind, checked field by field.
   * Throws Problem `not-found` (customer or account), `unavailable` (anything else, an aborted signal included).
   */
  answer(query: BankQuery, asking: Asking): Promise<CoreBankAnswer>
}
