import type { Customer } from './customer.ts'
import { freshCustomer } from './fresh-customer.ts'
import { alices, bobs, jointAccount } from './personas-of-a-household.ts'
import { plainCustomer } from './plain-customer.ts'

const customers: Readonly<Record<string, Customer>> = {
  alice: {
    holdings: [
      { account: alices.everyday, nickname: 'Everyday account' },
      { account: alices.savings, nickname: 'Rainy-day savings' },
      { account: jointAccount, nickname: 'Joint account with Bob', heldWith: ['Bob'] },
      { account: alices.kids, nickname: "Kids' account" },
    ],
  },
  bob: {
    holdings: [
      { account: bobs.everyday, nickname: 'Current account' },
      { account: jointAccount, nickname: 'Joint account with Alice', heldWith: ['Alice'] },
      { account: bobs.business, nickname: "Bob's Bikes current account" },
      { account: bobs.taxReserve, nickname: "Bob's Bikes tax reserve" },
    ],
  },
  carol: {
    holdings: [
      {
        account: {
          id: 'carol-fixed-term',
          type: 'savings',
          number: '00123430044719',
          holderName: 'Carol Carter',
          openedOn: '2023-02-14',
          notShareableBecause: 'Fixed-term accounts are not available online, so they cannot be shared.',
          plan: { kind: 'savings', opening: 1_200_000, feeds: [], monthly: [] },
        },
        nickname: 'Three-year fixed term',
      },
    ],
  },
  dave: plainCustomer('dave', 'Dave Dyer', '40'),
  erin: plainCustomer('erin', 'Erin Eaton', '50'),
  frank: plainCustomer('frank', 'Frank Fisher', '60'),
  slow: { ...plainCustomer('slow', 'Sam Slow', '70'), behaviour: 'slow' },
  down: { holdings: [], behaviour: 'down' },
}

/** The customer of that id, or undefined. Ids that start with `fresh-` always exist: their accounts come from the id. */
export function customerOf(id: string): Customer | undefined {
  if (Object.hasOwn(customers, id)) return customers[id]
  return /^fresh-[a-z0-9-]{1,34}$/.test(id) ? freshCustomer(id) : undefined
}
