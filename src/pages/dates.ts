/** The ways in which pages write moments, all in one time zone. */
export interface Dates {
  /** "22 November 2026, 15:04 (GMT)" */
  moment(at: Date): string
  /** "22 November 2026" */
  day(at: Date): string
  /** "15:40" */
  time(at: Date): string
}

export function datesIn(timeZone: string): Dates {
  const day = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'long' })
  const time = new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' })
  const zone = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'short' })
  const zoneName = (at: Date) =>
    zone.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? timeZone
  return {
    moment: (at) => `${day.format(at)}, ${time.format(at)} (${zoneName(at)})`,
    day: (at) => day.format(at),
    time: (at) => time.format(at),
  }
}
