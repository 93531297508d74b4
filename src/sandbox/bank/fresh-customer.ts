import { type Chance, chance } from './chance.ts'
import type { Customer } from './customer.ts'
import type { Account } from './plan.ts'
import {
  bill,
  eatingOut,
  groceries,
  gym,
  household,
  phone,
  salary,
  shopping,
  standingOrder,
  streaming,
  transport,
} from './spending-habits.ts'

const firstNames = [
  'Amara',
  'Ben',
  'Chloe',
  'Dev',
  'Ewa',
  'Finlay',
  'Grace',
  'Hugo',
  'Imani',
  'Jonas',
] as const
const lastNames = [
  'Ashworth',
  'Brightman',
  'Coyle',
  'Dalgleish',
  'Eastwood',
  'Fennimore',
  'Gallacher',
] as const
const employers = ['Harbour Museum Trust', 'Northgate Logistics', 'Clearbrook Water', 'Lumen Energy'] as const

interface Frame {
  readonly id: string
  readonly holderName: string
  readonly openedOn: string
  /** Account numbers of this customer: the three differ in their last digit. */
  readonly numbers: readonly [everyday: string, bills: string, savings: string]
  readonly billsContribution: number
}

/** Somebody new with three shareable accounts, the same ones whenever this id is asked for. */
export function freshCustomer(id: string): Customer {
  const draw = chance(`fresh|${id}`)
  const stem = `001234${draw.between(1_000_000, 9_999_999)}`
  const frame: Frame = {
    id,
    holderName: `${draw.pick(firstNames)} ${draw.pick(lastNames)}`,
    openedOn: `${draw.between(2012, 2023)}-0${draw.between(1, 9)}-1${draw.between(0, 9)}`,
    numbers: [`${stem}2`, `${stem}5`, `${stem}8`],
    billsContribution: draw.between(1_250, 1_450) * 100,
  }
  const everyday = everydayAccount(frame, draw)
  const bills = billsAccount(frame, draw)
  return {
    holdings: [
      { account: everyday, nickname: 'Everyday account' },
      { account: bills, nickname: 'Bills account' },
      { account: savingsAccount(frame, draw, [everyday, bills]), nickname: 'Savings account' },
    ],
  }
}

function everydayAccount(
  { id, holderName, openedOn, numbers, billsContribution }: Frame,
  draw: Chance,
): Account {
  return {
    id: `${id}-everyday`,
    type: 'current',
    number: numbers[0],
    holderName,
    openedOn,
    plan: {
      kind: 'spending',
      level: draw.between(260_000, 360_000),
      surplusTo: { name: 'Savings account', account: numbers[2] },
      monthly: [
        salary(draw.pick(employers), draw.between(260_000, 390_000)),
        standingOrder(1, -billsContribution, 'Bills account', numbers[1]),
        phone,
        ...(draw.hits(0.5) ? [gym] : []),
        ...streaming,
      ],
      habits: [groceries, transport, eatingOut, shopping],
    },
  }
}

function billsAccount(
  { id, holderName, openedOn, numbers, billsContribution }: Frame,
  draw: Chance,
): Account {
  return {
    id: `${id}-bills`,
    type: 'current',
    number: numbers[1],
    holderName,
    openedOn,
    plan: {
      kind: 'spending',
      level: draw.between(8_000, 30_000),
      surplusTo: { name: 'Savings account', account: numbers[2] },
      monthly: [
        standingOrder(1, billsContribution, 'Everyday account', numbers[0]),
        bill(2, -draw.between(780, 940) * 100, 'Quayside Lettings', 'Rent'),
        ...household,
      ],
      habits: [],
    },
  }
}

function savingsAccount(frame: Frame, draw: Chance, feeds: readonly Account[]): Account {
  return {
    id: `${frame.id}-savings`,
    type: 'savings',
    number: frame.numbers[2],
    holderName: frame.holderName,
    openedOn: frame.openedOn,
    plan: {
      kind: 'savings',
      opening: draw.between(150_000, 900_000),
      feeds,
      monthly: [bill(1, [310, 1490], 'Meridian Bank', 'Interest')],
    },
  }
}
