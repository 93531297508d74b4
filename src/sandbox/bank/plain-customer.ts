import type { Customer } from './customer.ts'
import type { Account } from './plan.ts'
import {
  bill,
  eatingOut,
  groceries,
  household,
  phone,
  salary,
  streaming,
  transport,
} from './spending-habits.ts'

/** A customer with a current and a savings account; `digits` keeps the account numbers apart. */
export function plainCustomer(id: string, name: string, digits: string): Customer {
  const savingsNumber = `001234${digits}083340`
  const current: Account = {
    id: `${id}-current`,
    type: 'current',
    number: `001234${digits}083317`,
    holderName: name,
    openedOn: '2019-06-24',
    plan: {
      kind: 'spending',
      level: 252_360,
      surplusTo: { name: 'Savings account', account: savingsNumber },
      monthly: [
        salary('Northgate Logistics', 241_900),
        bill(1, -87_500, 'Northgate Homes', 'Rent'),
        ...household,
        phone,
        ...streaming,
      ],
      habits: [groceries, transport, eatingOut],
    },
  }
  const savings: Account = {
    id: `${id}-savings`,
    type: 'savings',
    number: savingsNumber,
    holderName: name,
    openedOn: '2019-06-24',
    plan: { kind: 'savings', opening: 268_000, feeds: [current], monthly: [] },
  }
  return {
    holdings: [
      { account: current, nickname: 'Current account' },
      { account: savings, nickname: 'Savings account' },
    ],
  }
}
