import { createHash } from 'node:crypto'
import { dayOf, daysIn, iso, isWeekend, type Month, monthOf, payday } from './calendar.ts'
import { chance } from './chance.ts'
import type { Account, Counterparty, Plan, Recurring } from './plan.ts'

/** One row of an account's books. */
export interface Row {
  readonly id: string
  readonly at: Date
  /** Negative for a debit. */
  readonly pence: number
  /** Card payments are pending for a day; everything else is booked at once. */
  readonly byCard: boolean
  readonly description: string
  readonly counterparty: Counterparty
}

/** The books of every savings account begin here: its balance is the opening plus all rows since. */
const FIRST_MONTH: Month = 2024 * 12
const MINUTE = 60_000

type Entry = Omit<Row, 'id'>
type SpendingPlan = Plan & { readonly kind: 'spending' }

/** The rows of an account between two moments, both included, oldest first; the same whenever they are asked for. */
export function rowsBetween(account: Account, from: Date, to: Date): readonly Row[] {
  const rows: Row[] = []
  for (let month = monthOf(from); month <= monthOf(to); month++)
    rows.push(...rowsOf(account, month).filter(({ at }) => at >= from && at <= to))
  return rows
}

/** The balance at a moment in pence: exactly what the rows until then add up to. */
export function balanceAt(account: Account, at: Date): number {
  const { plan } = account
  const since = plan.kind === 'spending' ? monthOf(at) : FIRST_MONTH
  const start = plan.kind === 'spending' ? plan.level : plan.opening
  return start + sum(rowsBetween(account, new Date(dayOf(since, 1)), at))
}

/** Months once made are kept, since they never change; so many, then all are dropped. */
const MOST_MONTHS = 5000
const made = new Map<string, readonly Row[]>()

function rowsOf(account: Account, month: Month): readonly Row[] {
  const key = `${account.id}|${month}`
  const known = made.get(key)
  if (known) return known
  if (made.size >= MOST_MONTHS) made.clear()
  const rows = make(account, month)
  made.set(key, rows)
  return rows
}

function make(account: Account, month: Month): readonly Row[] {
  const { plan } = account
  const entries = plan.kind === 'spending' ? spending(account, plan, month) : savings(account, month)
  return entries
    .toSorted((one, other) => one.at.getTime() - other.at.getTime())
    .map((entry, index) => ({ id: rowId(account, month, index), ...entry }))
}

function spending(account: Account, plan: SpendingPlan, month: Month): readonly Entry[] {
  const entries = [...recurring(account, month), ...purchases(account, plan, month)]
  return [...entries, levelling(plan, month, sum(entries))]
}

function savings(account: Account, month: Month): readonly Entry[] {
  const feeds = account.plan.kind === 'savings' ? account.plan.feeds : []
  return [...recurring(account, month), ...feeds.map((feed) => fedBy(feed, month))]
}

function fedBy(feed: Account, month: Month): Entry {
  const levelled = rowsOf(feed, month).at(-1)
  if (levelled === undefined) throw new Error(`${feed.id} has no rows to feed from`)
  return {
    at: levelled.at,
    pence: -levelled.pence,
    byCard: false,
    description: levelled.pence < 0 ? 'Month-end saving' : 'Month-end top-up',
    counterparty: { name: feed.holderName, account: feed.number },
  }
}

/** The last row of the month. */
function levelling(plan: SpendingPlan, month: Month, moved: number): Entry {
  return {
    at: new Date(dayOf(month, daysIn(month)) + 23 * 60 * MINUTE + 30 * MINUTE),
    pence: -moved,
    byCard: false,
    description: moved > 0 ? 'Month-end saving' : 'Month-end top-up',
    counterparty: plan.surplusTo,
  }
}

function recurring(account: Account, month: Month): readonly Entry[] {
  return account.plan.monthly.map((payment, index) => ({
    at: new Date(dayOf(month, dueOn(payment, month)) + (2 * 60 + index) * MINUTE),
    pence: amountOf(payment, `${account.id}|${month}|${payment.description}`),
    byCard: false,
    description: payment.description,
    counterparty: payment.counterparty,
  }))
}

function dueOn(payment: Recurring, month: Month): number {
  return payment.day === 'payday' ? payday(month) : payment.day
}

function amountOf({ pence }: Recurring, seed: string): number {
  return typeof pence === 'number' ? pence : chance(seed).between(...pence)
}

function purchases(account: Account, plan: SpendingPlan, month: Month): readonly Entry[] {
  const days = Array.from({ length: daysIn(month) }, (_, index) => dayOf(month, index + 1))
  return days.flatMap((midnight) => purchasesOn(account, plan, midnight))
}

function purchasesOn(account: Account, plan: SpendingPlan, midnight: number): readonly Entry[] {
  const draw = chance(`${account.id}|${iso(midnight)}`)
  return plan.habits.flatMap((habit) => {
    if (!draw.hits(isWeekend(midnight) ? habit.weekend : habit.weekday)) return []
    const merchant = draw.pick(habit.merchants)
    return {
      at: new Date(midnight + draw.between(7 * 60, 21 * 60) * MINUTE),
      pence: -draw.between(...habit.pence),
      byCard: true,
      description: `Card payment ${merchant}`,
      counterparty: { name: merchant },
    }
  })
}

function rowId(account: Account, month: Month, index: number): string {
  return createHash('sha256').update(`${account.id}|${month}|${index}`).digest('hex').slice(0, 24)
}

function sum(entries: readonly { readonly pence: number }[]): number {
  return entries.reduce((total, { pence }) => total + pence, 0)
}
