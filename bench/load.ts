import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Measured, Order, Reply } from './recipe.ts'

/** The load generator's process, seen from outside. */
export interface Load {
  /** Does one thing and says what it measured. Throws when a server gave a wrong answer, or none. */
  order(order: Order): Promise<Measured>
  close(): void
}

export function openLoad(): Load {
  const child = fork(fileURLToPath(new URL('load-process.ts', import.meta.url)), {
    serialization: 'advanced',
  })
  return {
    order: (order) => reply(child, order),
    close: () => child.disconnect(),
  }
}

/** No order takes longer than its seconds and this, in milliseconds: a server that stops answering ends the run. */
const GRACE_MS = 60_000

function reply(child: ChildProcess, order: Order): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the load generator ended'))
    const seconds = order.kind === 'prepare' ? 0 : order.seconds
    const timer = setTimeout(
      () => reject(new Error('a server did not answer in time')),
      seconds * 1000 + GRACE_MS,
    )
    child.once('exit', ended)
    child.once('message', (said: Reply) => {
      child.off('exit', ended)
      clearTimeout(timer)
      if ('fault' in said) reject(new Error(said.fault))
      else resolve(said.measured)
    })
    child.send(order)
  })
}
