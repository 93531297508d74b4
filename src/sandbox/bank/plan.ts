/** A payment that comes every month: pence, negative for money going out. */
export interface Recurring {
  readonly day: number | 'payday'
  /** The amount, or the range it is drawn from every month. */
  readonly pence: number | readonly [least: number, most: number]
  readonly description: string
  readonly counterparty: Counterparty
}

/** What the holder does on some days: pay by card. */
export interface Habit {
  readonly weekday: number
  readonly weekend: number
  /** Range of one purchase in pence, positive. */
  readonly pence: readonly [least: number, most: number]
  readonly merchants: readonly [string, ...string[]]
}

export interface Counterparty {
  readonly name: string
  readonly account?: string
}

/**
 * How money moves on an account. A spending account is levelled at the end of every month: what lies above `level`
 * goes to `surplusTo` and what is missing comes from there, so that a balance never drifts, however long the demo runs.
 */
export type Plan =
  | {
      readonly kind: 'spending'
      /** The balance after the levelling, in pence. */
      readonly level: number
      readonly surplusTo: Counterparty
      readonly monthly: readonly Recurring[]
      readonly habits: readonly Habit[]
    }
  | {
      readonly kind: 'savings'
      /** The balance on the first day of the books, in pence. */
      readonly opening: number
      /** The spending accounts whose levelling ends here. */
      readonly feeds: readonly Account[]
      readonly monthly: readonly Recurring[]
    }

export interface Account {
  readonly id: string
  readonly type: 'current' | 'savings' | 'credit-card'
  /** Sort code and account number, 14 digits. */
  readonly number: string
  readonly holderName: string
  readonly openedOn: string
  readonly notShareableBecause?: string
  readonly plan: Plan
}
