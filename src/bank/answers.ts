import { z } from 'zod'
import type { BankAccount, BankBalance, BankTransaction } from '../profiles/profile.ts'

/** A decimal in major units. The sign decides the direction of a transaction, so nothing may stand before it. */
const amount = z.string().regex(/^-?\d{1,18}(\.\d{1,6})?$/)
const currency = z.string().regex(/^[A-Z]{3}$/)
const instant = z.iso.datetime({ offset: true })

const balance: z.ZodType<BankBalance> = z.object({ type: z.string(), amount, currency, at: instant })

const account: z.ZodType<BankAccount> = z.object({
  accountId: z.string().min(1),
  type: z.enum(['current', 'savings', 'credit-card']),
  currency,
  nickname: z.string(),
  holderName: z.string(),
  identification: z.object({ scheme: z.string(), value: z.string() }),
  openedOn: z.iso.date(),
  shareable: z.boolean(),
  notShareableBecause: z.string().exactOptional(),
  heldWith: z.array(z.string()).exactOptional(),
  balance,
})

const transaction: z.ZodType<BankTransaction> = z.object({
  transactionId: z.string().min(1),
  bookedAt: instant,
  amount,
  currency,
  status: z.enum(['booked', 'pending']),
  description: z.string(),
  counterparty: z.object({ name: z.string(), account: z.string().exactOptional() }).exactOptional(),
})

/** The bank's answers (docs/bank-port.openapi.yaml), each under the query it answers. Unknown members are dropped. */
export const answers = {
  accounts: z.object({ accounts: z.array(account) }),
  account,
  balances: z.object({ balances: z.array(balance) }),
  transactions: z.object({ transactions: z.array(transaction) }),
} as const

/** What a 404 of the port itself says, as opposed to one of a proxy in between. */
export const notFound = z.object({ error: z.literal('not-found') })
