import type { Account } from './plan.ts'
import {
  bill,
  eatingOut,
  groceries,
  gym,
  household,
  phone,
  pocketMoney,
  salary,
  shopping,
  standingOrder,
  streaming,
  tradeSupplies,
  transport,
} from './spending-habits.ts'

// Sort code 00-12-34 belongs to no bank.
const ALICE = '00123410024821'
const ALICE_SAVINGS = '00123410031176'
const ALICE_KIDS = '00123410057302'
const BOB = '00123420018854'
const BIKES = '00123420066093'
const BIKES_TAX = '00123420066101'
const JOINT = '00123410049967'

const everyday: Account = {
  id: 'alice-everyday',
  type: 'current',
  number: ALICE,
  holderName: 'Alice Archer',
  openedOn: '2016-09-05',
  plan: {
    kind: 'spending',
    level: 214_210,
    surplusTo: { name: 'Rainy-day savings', account: ALICE_SAVINGS },
    monthly: [
      salary('Harbour Museum Trust', 286_450),
      standingOrder(1, -95_000, 'Joint account', JOINT),
      standingOrder(2, -1_000, "Kids' account", ALICE_KIDS),
      phone,
      gym,
      ...streaming,
    ],
    habits: [groceries, transport, eatingOut, shopping],
  },
}

export const alices = {
  everyday,
  savings: {
    id: 'alice-rainy-day',
    type: 'savings',
    number: ALICE_SAVINGS,
    holderName: 'Alice Archer',
    openedOn: '2018-01-22',
    plan: {
      kind: 'savings',
      opening: 412_300,
      feeds: [everyday],
      monthly: [bill(1, [690, 1180], 'Meridian Bank', 'Interest')],
    },
  },
  kids: {
    id: 'alice-kids',
    type: 'current',
    number: ALICE_KIDS,
    holderName: 'Mia Archer',
    openedOn: '2022-05-30',
    notShareableBecause: 'Accounts for under-18s cannot be shared.',
    plan: {
      kind: 'spending',
      level: 3_400,
      surplusTo: { name: 'Mia piggy bank' },
      monthly: [standingOrder(2, 1_000, 'Alice Archer', ALICE)],
      habits: [pocketMoney],
    },
  },
} as const satisfies Record<string, Account>

/** Alice and Bob's: one account, two customers, the same rows for both. */
export const jointAccount: Account = {
  id: 'alice-and-bob-joint',
  type: 'current',
  number: JOINT,
  holderName: 'Alice Archer and Bob Baker',
  openedOn: '2020-03-02',
  plan: {
    kind: 'spending',
    level: 61_075,
    surplusTo: { name: 'Household pot' },
    monthly: [
      standingOrder(1, 95_000, 'Alice Archer', ALICE),
      standingOrder(1, 95_000, 'Bob Baker', BOB),
      bill(2, -112_500, 'Quayside Lettings', 'Rent'),
      ...household,
    ],
    habits: [groceries],
  },
}

const business: Account = {
  id: 'bobs-bikes',
  type: 'current',
  number: BIKES,
  holderName: "Bob's Bikes Ltd",
  openedOn: '2021-11-11',
  plan: {
    kind: 'spending',
    level: 735_500,
    surplusTo: { name: "Bob's Bikes tax reserve", account: BIKES_TAX },
    monthly: [
      bill(7, [310_000, 420_000], 'Tillpoint', 'Card takings'),
      bill(21, [330_000, 470_000], 'Tillpoint', 'Card takings'),
      bill(1, -145_000, 'Arches Property', 'Rent'),
      standingOrder(24, -240_000, 'Bob Baker wages', BOB),
      bill(6, -6_200, 'Lumen Energy Business', 'Direct debit'),
      bill(19, -4_150, 'Safeguard Insurance', 'Direct debit'),
    ],
    habits: [tradeSupplies],
  },
}

export const bobs = {
  everyday: {
    id: 'bob-current',
    type: 'current',
    number: BOB,
    holderName: 'Bob Baker',
    openedOn: '2014-04-17',
    plan: {
      kind: 'spending',
      level: 217_780,
      surplusTo: { name: 'Baker savings' },
      monthly: [
        standingOrder(24, 240_000, "Bob's Bikes Ltd wages", BIKES),
        standingOrder(1, -95_000, 'Joint account', JOINT),
        phone,
        ...streaming,
      ],
      habits: [groceries, eatingOut, shopping],
    },
  },
  business,
  taxReserve: {
    id: 'bobs-bikes-tax',
    type: 'savings',
    number: BIKES_TAX,
    holderName: "Bob's Bikes Ltd",
    openedOn: '2021-11-11',
    plan: { kind: 'savings', opening: 980_000, feeds: [business], monthly: [] },
  },
} as const satisfies Record<string, Account>
