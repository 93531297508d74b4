/** A clock for a house in the test's own process, its customers and its third parties. */
export interface MovableClock {
  readonly now: () => Date
  /** Moves it ahead, from now on. */
  move(seconds: number): void
}

export function movableClock(): MovableClock {
  let ahead = 0
  return {
    now: () => new Date(Date.now() + ahead),
    move: (seconds) => {
      ahead += seconds * 1000
    },
  }
}
