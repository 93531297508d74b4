import type { Permission } from '../../domain/consent.ts'
import type { Cluster } from '../profile.ts'

/**
 * The account-information permissions, in Open Banking's spelling so that third parties meet nothing new, each with
 * its cluster and the words the customer reads (Open Banking CEG §3.2.3).
 */
const words = {
  ReadAccountsBasic: ['Your account details', 'the name you gave the account, its type and its currency'],
  ReadAccountsDetail: ['Your account details', 'your account name, number and sort code'],
  ReadBalances: ['Your account details', 'your account balance'],
  ReadTransactionsBasic: ['Your account transactions', 'the amounts and dates of your transactions'],
  ReadTransactionsDetail: [
    'Your account transactions',
    'details of your transactions: amounts, dates, and who you paid or who paid you',
  ],
  ReadTransactionsCredits: ['Your account transactions', 'money coming in'],
  ReadTransactionsDebits: ['Your account transactions', 'money going out'],
} as const satisfies Record<string, readonly [heading: string, sentence: string]>

export type AccountPermission = keyof typeof words

export const accountPermissions = Object.keys(words) as readonly AccountPermission[]

export function isAccountPermission(permission: Permission): permission is AccountPermission {
  return Object.hasOwn(words, permission)
}

/** What scope `accounts` asks for when no `authorization_details` say more (documented in docs/architecture.md). */
export const defaultBundle: readonly AccountPermission[] = [
  'ReadAccountsDetail',
  'ReadBalances',
  'ReadTransactionsDetail',
  'ReadTransactionsCredits',
  'ReadTransactionsDebits',
]

/** Only what is granted; Detail replaces Basic; credits and debits together need no direction words (CEG). */
export function clusters(permissions: readonly Permission[]): readonly Cluster[] {
  const held = new Set(permissions)
  const bothDirections = held.has('ReadTransactionsCredits') && held.has('ReadTransactionsDebits')
  const replaced = new Set<string>([
    ...(held.has('ReadAccountsDetail') ? ['ReadAccountsBasic'] : []),
    ...(held.has('ReadTransactionsDetail') ? ['ReadTransactionsBasic'] : []),
    ...(bothDirections ? ['ReadTransactionsCredits', 'ReadTransactionsDebits'] : []),
  ])
  const shown = accountPermissions.filter((permission) => held.has(permission) && !replaced.has(permission))
  const headings = [...new Set(shown.map((permission) => words[permission][0]))]
  return headings.map((heading) => ({
    heading,
    sentences: shown
      .filter((permission) => words[permission][0] === heading)
      .map((permission) => words[permission][1]),
  }))
}
