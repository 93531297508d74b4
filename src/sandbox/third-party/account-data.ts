import { z } from 'zod'

const account = z.object({
  accountId: z.string(),
  type: z.string(),
  currency: z.string(),
  nickname: z.string(),
  holderName: z.string().optional(),
  identification: z.object({ scheme: z.string(), value: z.string() }).optional(),
})
const balance = z.object({ type: z.string(), amount: z.string(), currency: z.string(), at: z.string() })
const transaction = z.object({
  transactionId: z.string(),
  bookedAt: z.string(),
  amount: z.string(),
  currency: z.string(),
  status: z.string(),
  description: z.string().optional(),
})

const accounts = z.object({ accounts: z.array(account) })
const balances = z.object({ balances: z.array(balance) })
const transactions = z.object({ transactions: z.array(transaction) })

/** What the app knows of one account of its customer. */
export interface AccountData extends Readonly<z.infer<typeof account>> {
  readonly balances: readonly Readonly<z.infer<typeof balance>>[]
  /** The latest ones, newest first. */
  readonly transactions: readonly Readonly<z.infer<typeof transaction>>[]
}

const DAY = 24 * 60 * 60 * 1000
/** How far back the app looks, in days, and how many rows it shows. */
const BACK = 30
const SHOWN = 8

/** Reads everything the customer shared: `get` fetches one path of the bank's API as JSON. */
export async function readAccounts(
  get: (path: string) => Promise<unknown>,
  now: Date,
): Promise<readonly AccountData[]> {
  const data: AccountData[] = []
  const from = new Date(now.getTime() - BACK * DAY).toISOString()
  for (const one of accounts.parse(await get('/accounts')).accounts) {
    const path = `/accounts/${encodeURIComponent(one.accountId)}`
    const read = balances.parse(await get(`${path}/balances`))
    const rows = transactions.parse(await get(`${path}/transactions?from=${encodeURIComponent(from)}`))
    data.push({ ...one, balances: read.balances, transactions: rows.transactions.slice(0, SHOWN) })
  }
  return data
}
