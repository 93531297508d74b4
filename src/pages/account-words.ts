import type { BankAccount } from '../profiles/profile.ts'
import { foreignName } from './foreign-text.ts'
import { moneyInWords } from './money.ts'

/** One account as a customer reads it. Never holds a whole account number. */
export interface AccountInWords {
  readonly name: string
  /** "····4821" */
  readonly masked: string
  /** "ending 4821", for those who listen to the page. */
  readonly ending: string
  readonly balance: string
  /** "Joint account with Bob"; empty when it is held alone. */
  readonly heldWith: string
  /** Why it cannot be shared; empty when it can. */
  readonly whyNot: string
}

export function accountInWords(account: BankAccount): AccountInWords {
  const last = lastFour(account.identification.value)
  return {
    name: foreignName(account.nickname, typeInWords(account.type)),
    masked: `····${last}`,
    ending: `ending ${last}`,
    balance: moneyInWords(account.balance, account.type),
    heldWith: account.heldWith?.length
      ? `Joint account with ${inARow(account.heldWith.map((name) => foreignName(name, 'another person')))}`
      : '',
    whyNot: account.shareable ? '' : (account.notShareableBecause ?? 'This account cannot be shared.'),
  }
}

/** "Everyday account ····4821" */
export function accountInShort(account: BankAccount): string {
  const { name, masked } = accountInWords(account)
  return `${name} ${masked}`
}

/** "Alice, Bob and Carol" */
export function inARow(names: readonly string[]): string {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(names)
}

function lastFour(identification: string): string {
  return identification.replace(/\W/g, '').slice(-4)
}

function typeInWords(type: BankAccount['type']): string {
  const words = { current: 'Current account', savings: 'Savings account', 'credit-card': 'Credit card' }
  return words[type]
}
