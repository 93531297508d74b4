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

function reply(child: ChildProcess, order: Order): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the load generator ended'))
    child.once('exit', ended)
    child.once('message', (said: Reply) => {
      child.off('exit', ended)
      if ('fault' in said) reject(new Error(said.fault))
      else resolve(said.measured)
    })
    child.send(order)
  })
}
