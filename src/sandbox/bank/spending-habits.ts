import type { Habit, Recurring } from './plan.ts'

/** Invented shops and companies; any likeness is chance. */
export const groceries: Habit = {
  weekday: 0.3,
  weekend: 0.6,
  pence: [640, 7480],
  merchants: [
    'Fernhill Grocers',
    'Corner & Co',
    'Fernhill Grocers',
    'Ridgeway Market',
    'Greenleaf Wholefoods',
  ],
}

export const transport: Habit = {
  weekday: 0.55,
  weekend: 0.15,
  pence: [175, 1290],
  merchants: ['Citybus', 'Northway Trains', 'Citybus', 'Harbour Ferries'],
}

export const eatingOut: Habit = {
  weekday: 0.35,
  weekend: 0.5,
  pence: [295, 3650],
  merchants: ['Copper Kettle Café', 'The Old Plough', 'Noodle Lane', 'Copper Kettle Café', 'Bakehouse 9'],
}

export const shopping: Habit = {
  weekday: 0.08,
  weekend: 0.25,
  pence: [899, 11950],
  merchants: ['Bookmark & Sons', 'Loom Clothing', 'Hearth Homeware', 'Cycle Republic North', 'Gadget Yard'],
}

export const tradeSupplies: Habit = {
  weekday: 0.4,
  weekend: 0.05,
  pence: [1240, 48900],
  merchants: ['Spoke & Chain Wholesale', 'Parcelway', 'Tool Depot', 'Print Corner'],
}

export const pocketMoney: Habit = {
  weekday: 0.08,
  weekend: 0.3,
  pence: [100, 650],
  merchants: ['Sweet Corner', 'Splash Leisure Pool', 'Comic Cave'],
}

export const streaming: readonly Recurring[] = [
  bill(4, -1099, 'Streamly', 'Subscription'),
  bill(17, -999, 'Tuneful', 'Subscription'),
]

export const phone = bill(12, -1800, 'Ringfence Mobile', 'Direct debit')
export const gym = bill(3, -2950, 'Ironworks Gym', 'Direct debit')

/** What a home costs beside its rent. */
export const household: readonly Recurring[] = [
  bill(5, [-16400, -8200], 'Lumen Energy', 'Direct debit'),
  bill(8, -3390, 'Clearbrook Water', 'Direct debit'),
  bill(10, -2999, 'Brightwave Broadband', 'Direct debit'),
  bill(15, -14600, 'Harbour District Council', 'Council tax'),
]

/** A monthly payment to a company. */
export function bill(day: number, pence: Recurring['pence'], company: string, how: string): Recurring {
  return { day, pence, description: `${how} ${company}`, counterparty: { name: company } }
}

/** A salary, on payday. */
export function salary(employer: string, pence: number): Recurring {
  return { day: 'payday', pence, description: `Salary ${employer}`, counterparty: { name: employer } }
}

/** One side of a standing order between two accounts of this bank; the other side has the opposite sign. */
export function standingOrder(day: number, pence: number, name: string, account: string): Recurring {
  return { day, pence, description: `Standing order ${name}`, counterparty: { name, account } }
}
