import type { Account } from './plan.ts'

/** One account in the hands of one customer, as that customer sees it. */
export interface Holding {
  readonly account: Account
  readonly nickname: string
  /** The other holders, by first name. */
  readonly heldWith?: readonly string[]
}

/** How the bank's systems behave for a customer: the magic values of the demo. */
export interface Customer {
  readonly holdings: readonly Holding[]
  readonly behaviour?: 'slow' | 'down'
}
