import { z } from 'zod'

// docs/bank-port.openapi.yaml once more, strictly: a member that the document does not name is an error here.

const amount = z.string().regex(/^-?\d{1,13}\.\d{2,4}$/)
const currency = z.string().regex(/^[A-Z]{3}$/)
const at = z.iso.datetime({ offset: true })

const balance = z.strictObject({ type: z.string().min(1), amount, currency, at })

const account = z.strictObject({
  accountId: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/),
  type: z.enum(['current', 'savings', 'credit-card']),
  currency,
  nickname: z.string().min(1).max(70),
  holderName: z.string().min(1).max(140),
  identification: z.strictObject({
    scheme: z.literal('UK.SortCodeAccountNumber'),
    value: z.string().regex(/^\d{14}$/),
  }),
  openedOn: z.iso.date(),
  shareable: z.boolean(),
  notShareableBecause: z.string().min(1).optional(),
  heldWith: z.array(z.string().min(1)).min(1).optional(),
  balance,
})

export const accounts = z.strictObject({ accounts: z.array(account) })
export const balances = z.strictObject({ balances: z.array(balance).min(1) })
export const transactions = z.strictObject({
  transactions: z.array(
    z.strictObject({
      transactionId: z.string().min(1).max(64),
      bookedAt: at,
      amount,
      currency,
      status: z.enum(['booked', 'pending']),
      description: z.string().max(280),
      counterparty: z
        .strictObject({ name: z.string().min(1).max(140), account: z.string().min(1).max(64).optional() })
        .optional(),
    }),
  ),
})
export const error = z.strictObject({ error: z.string(), description: z.string() })
