import { Customer } from './customer.ts'
import { type House, type HouseOptions, openHouse } from './house.ts'

/** A house whose processes, customers and third parties follow one clock that a test moves ahead. */
export interface MovableHouse extends House {
  readonly now: () => Date
  later(seconds: number): Promise<void>
}

/** One process of its own unless more are asked for: the engine reads the process's own clock. */
export async function openMovableHouse(options: HouseOptions = {}): Promise<MovableHouse> {
  const house = await openHouse({ processes: 1, ...options })
  let ahead = 0
  const now = () => new Date(Date.now() + ahead * 1000)
  return {
    ...house,
    now,
    later: async (seconds) => {
      ahead += seconds
      await Promise.all(house.processes.map((one) => one.moveClock(ahead)))
    },
    register: (more) => house.register({ now, ...more }),
    customer: async (bankCustomerId) => new Customer((await house.customer(bankCustomerId)).facts, { now }),
  }
}
