import { prepareRequests } from './prepared-requests.ts'
import type { Order, Reply } from './recipe.ts'
import { arrive, type Stock, saturate } from './traffic.ts'

// The load generator, a process of its own: one order at a time over the channel to its parent, and it ends with it.

let stock: Stock | undefined

async function obey(order: Order): Promise<Reply> {
  if (order.kind === 'prepare') {
    stock = { recipe: order.recipe, requests: prepareRequests(order.recipe, order.count) }
    return { measured: { answered: 0, elapsedMs: 0, latenciesMs: [] } }
  }
  if (stock === undefined) throw new Error('nothing was prepared')
  const { connections, seconds } = order
  return {
    measured:
      order.kind === 'saturate'
        ? await saturate(stock, connections, seconds)
        : await arrive(stock, connections, order),
  }
}

process.on('message', (order: Order) => {
  obey(order).then(
    (reply) => process.send?.(reply),
    (fault: Error) => process.send?.({ fault: fault.message }),
  )
})
process.once('disconnect', () => process.exit(0))
