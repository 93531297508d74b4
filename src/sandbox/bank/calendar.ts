/** A calendar month, counted from year 0, so that the next one is `+ 1`. The demo bank keeps its books in UTC. */
export type Month = number

export function monthOf(at: Date): Month {
  return at.getUTCFullYear() * 12 + at.getUTCMonth()
}

export function daysIn(month: Month): number {
  return new Date(Date.UTC(Math.floor(month / 12), (month % 12) + 1, 0)).getUTCDate()
}

/** Midnight of one day of a month, in milliseconds since 1970. */
export function dayOf(month: Month, day: number): number {
  return Date.UTC(Math.floor(month / 12), month % 12, day)
}

export function isWeekend(midnight: number): boolean {
  return [0, 6].includes(new Date(midnight).getUTCDay())
}

/** The 25th, or the Friday before it when the 25th is at a weekend. */
export function payday(month: Month): number {
  return 25 - ([2, 0, 0, 0, 0, 0, 1][new Date(dayOf(month, 25)).getUTCDay()] ?? 0)
}

export function iso(midnight: number): string {
  return new Date(midnight).toISOString().slice(0, 10)
}
