/** Rows of one table that may go. */
export interface ReaperTask {
  readonly table: string
  /** Deletes at most `limit` rows that are past their time; resolves to how many. */
  reap(now: Date, limit: number): Promise<number>
}

/** What became of one table in one round; `error` when the round ended early there. */
export interface Reaped {
  readonly table: string
  readonly rows: number
  readonly error?: unknown
}

export interface Reaper {
  /** Rounds from now on; the first comes after one interval. */
  start(): void
  /** A whole round now, or the rest of the one that is running. Never rejects. */
  run(): Promise<void>
  /** No more rounds; resolves when a running one has come to its next pause. */
  stop(): Promise<void>
}

/** Batches of one table in one round: a backlog may not keep the others waiting for ever. */
const MOST_BATCHES = 100

/** Deletes in small batches what is past its time, so that no lock is held long. Several processes may do it at once. */
export function openReaper(parts: {
  readonly tasks: readonly ReaperTask[]
  readonly everyMs: number
  readonly now: () => Date
  readonly observe: (of: Reaped) => void
  /** Rows of one batch. Default: 500. */
  readonly batch?: number
}): Reaper {
  const limit = parts.batch ?? 500
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let stopped = false

  async function reapTable(task: ReaperTask): Promise<void> {
    let rows = 0
    try {
      for (let batch = 0; batch < MOST_BATCHES && !stopped; batch += 1) {
        const deleted = await task.reap(parts.now(), limit)
        rows += deleted
        if (deleted < limit) break
      }
      parts.observe({ table: task.table, rows })
    } catch (error) {
      parts.observe({ table: task.table, rows, error })
    }
  }

  async function round(): Promise<void> {
    for (const task of parts.tasks) if (!stopped) await reapTable(task)
  }

  function run(): Promise<void> {
    running ??= round().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    start: () => {
      stopped = false
      timer ??= setInterval(run, parts.everyMs).unref()
    },
    run,
    stop: async () => {
      stopped = true
      clearInterval(timer)
      timer = undefined
      await running
    },
  }
}
