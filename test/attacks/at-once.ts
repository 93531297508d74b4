import type { HouseProcess } from '../support/house.ts'

/** Runs `attempt` so many times side by side, spread evenly over the processes, and waits for all of them. */
export function atOnce<Result>(
  times: number,
  processes: readonly HouseProcess[],
  attempt: (process: HouseProcess, index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const attempts = Array.from({ length: times }, (_, index) => {
    const process = processes[index % processes.length]
    if (process === undefined) throw new RangeError('at least one process is needed')
    return attempt(process, index)
  })
  return Promise.all(attempts)
}

/** How often each value occurs, for one comparison that shows all of them when it fails. */
export function counted(values: readonly unknown[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[String(value)] = (counts[String(value)] ?? 0) + 1
  return counts
}
