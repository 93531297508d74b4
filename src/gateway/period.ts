import type { AdmittedConsent } from './admitter.ts'
import { Refusal } from './refusal.ts'

/** The days a client asks for; each end may be left open. */
export interface AskedPeriod {
  readonly from?: Date
  readonly to?: Date
}

/** From and to, both inclusive. */
export interface Period {
  readonly from: Date
  readonly to: Date
}

const DAY = 24 * 60 * 60 * 1000
/** What an open beginning means when the consent has none either: two years. */
const OPEN_BEGINNING = 731 * DAY
const dateTime =
  /^\d{4}-(0\d|1[0-2])-[0-3]\d[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/

/** Reads `from` and `to` (RFC 3339). Throws {@link Refusal} 400 for what is neither, twice or not a date. */
export function readPeriod(query: URLSearchParams): AskedPeriod {
  const from = readDate(query, 'from')
  const to = readDate(query, 'to')
  if (from !== undefined && to !== undefined && from > to) throw wrong('from must not be later than to.')
  return { ...(from && { from }), ...(to && { to }) }
}

/** What was asked, cut to what the consent gives and to now; undefined when nothing is left. */
export function clip(asked: AskedPeriod, consent: AdmittedConsent, now: Date): Period | undefined {
  const to = earliest([asked.to, consent.transactionsTo, now])
  const from =
    latest([asked.from, consent.transactionsFrom]) ?? new Date((to ?? now).getTime() - OPEN_BEGINNING)
  return to === undefined || from > to ? undefined : { from, to }
}

export function isWithin(moment: Date, { from, to }: Period): boolean {
  return moment >= from && moment <= to
}

function readDate(query: URLSearchParams, name: string): Date | undefined {
  const [value, ...more] = query.getAll(name)
  if (value === undefined) return undefined
  const date = new Date(dateTime.test(value) ? value : Number.NaN)
  if (more.length > 0 || Number.isNaN(date.getTime()) || !keepsItsDay(value))
    throw wrong(`${name} must be one RFC 3339 date and time, such as 2026-05-31T23:59:59Z (+ is %2B here).`)
  return date
}

/** False for the likes of 31 February, which JavaScript would take for a day in March. */
function keepsItsDay(value: string): boolean {
  const day = value.slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

function earliest(moments: readonly (Date | undefined)[]): Date | undefined {
  return sorted(moments)[0]
}

function latest(moments: readonly (Date | undefined)[]): Date | undefined {
  return sorted(moments).at(-1)
}

function sorted(moments: readonly (Date | undefined)[]): readonly Date[] {
  return moments.filter((moment) => moment !== undefined).sort((a, b) => a.getTime() - b.getTime())
}

function wrong(sentence: string): Refusal {
  return new Refusal(400, 'invalid_request', sentence)
}
