/** How a batch is filled: at most so many keys in one query, at most so many queries under way at once. */
export interface BatchLimits {
  readonly size: number
  readonly queries: number
}

/**
 * Lets concurrent questions share a query. Only a query that has not been sent yet may be shared, so no answer is
 * older than its question (DESIGN §7.2). While `queries` are under way the next batch fills up; a lone question
 * is sent at the end of the current turn of the event loop.
 */
export function batched<Key, Answer>(
  ask: (keys: readonly Key[]) => Promise<readonly Answer[]>,
  limits: BatchLimits,
): (key: Key) => Promise<Answer> {
  interface Question {
    readonly key: Key
    readonly resolve: (answer: Answer) => void
    readonly reject: (error: unknown) => void
  }
  let waiting: Question[] = []
  let underWay = 0
  let scheduled = false

  function schedule(): void {
    if (scheduled || underWay >= limits.queries || waiting.length === 0) return
    scheduled = true
    setImmediate(send)
  }

  function send(): void {
    scheduled = false
    const batch = waiting.slice(0, limits.size)
    waiting = waiting.slice(limits.size)
    underWay += 1
    ask(batch.map(({ key }) => key))
      .then(
        (answers) => {
          // One answer per key, in the order of the keys: the promise `ask` makes.
          for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer)
        },
        (error) => {
          for (const { reject } of batch) reject(error)
        },
      )
      .finally(() => {
        underWay -= 1
        schedule()
      })
    schedule()
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject })
      schedule()
    })
}
