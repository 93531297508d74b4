import { balanceAt, type Row, rowsBetween } from './books.ts'
import type { Holding } from './customer.ts'
import { decimal } from './money.ts'
import type { Account } from './plan.ts'

// The shapes of docs/bank-port.openapi.yaml; test/sandbox/bank.test.ts holds them to it.

const DAY = 24 * 60 * 60 * 1000
/** How far back the bank answers, in days before today's midnight. */
const YEAR = 365

/** The answer for one account, with the balance that can be spent. */
export function accountAnswer({ account, nickname, heldWith }: Holding, now: Date): object {
  return {
    accountId: account.id,
    type: account.type,
    currency: 'GBP',
    nickname,
    holderName: account.holderName,
    identification: { scheme: 'UK.SortCodeAccountNumber', value: account.number },
    openedOn: account.openedOn,
    shareable: account.notShareableBecause === undefined,
    ...(account.notShareableBecause && { notShareableBecause: account.notShareableBecause }),
    ...(heldWith && { heldWith }),
    balance: available(account, now),
  }
}

/** Available (everything known) and booked (without what is pending) balance. */
export function balancesAnswer(account: Account, now: Date): object {
  const pending = rowsBetween(account, new Date(now.getTime() - DAY), now).filter((row) =>
    isPending(row, now),
  )
  const total = pending.reduce((sum, { pence }) => sum + pence, 0)
  const booked = balance('InterimBooked', balanceAt(account, now) - total, now)
  return { balances: [available(account, now), booked] }
}

/** Rows between two moments, newest first, within the last 365 days and never later than now. */
export function transactionsAnswer(account: Account, from: Date, to: Date, now: Date): object {
  const midnight = Math.floor(now.getTime() / DAY) * DAY
  const first = new Date(Math.max(from.getTime(), midnight - YEAR * DAY))
  const last = new Date(Math.min(to.getTime(), now.getTime()))
  return {
    transactions: rowsBetween(account, first, last)
      .toReversed()
      .map((row) => transaction(row, now)),
  }
}

function available(account: Account, now: Date): object {
  return balance('InterimAvailable', balanceAt(account, now), now)
}

function balance(type: string, pence: number, now: Date): object {
  return { type, amount: decimal(pence), currency: 'GBP', at: now.toISOString() }
}

function transaction(row: Row, now: Date): object {
  return {
    transactionId: row.id,
    bookedAt: row.at.toISOString(),
    amount: decimal(row.pence),
    currency: 'GBP',
    status: isPending(row, now) ? 'pending' : 'booked',
    description: row.description,
    counterparty: row.counterparty,
  }
}

function isPending({ byCard, at }: Row, now: Date): boolean {
  return byCard && now.getTime() - at.getTime() < DAY
}
