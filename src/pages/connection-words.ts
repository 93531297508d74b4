import type { BankAccount } from '../profiles/profile.ts'
import { accountInShort, inARow } from './account-words.ts'
import type { Dates } from './dates.ts'
import { foreignLink, foreignName } from './foreign-text.ts'
import type { Connection } from './ports.ts'

/** One connected app as a customer reads it. */
export interface ConnectionInWords {
  readonly path: string
  readonly name: string
  readonly organisationName: string
  readonly link: string
  readonly active: boolean
  /** "Everyday ····4821 and Savings ····9917"; "2 accounts" when the bank's names cannot be had now. */
  readonly accounts: string
  readonly since: string
  readonly ends: string
  /** When and why it ended; empty while it has not. */
  readonly ended: string
  readonly lastUsed: string
  readonly clusters: Connection['clusters']
}

export type AccountNames = ReadonlyMap<string, BankAccount>

export function connectionInWords(
  connection: Connection,
  words: { readonly dates: Dates; readonly bankName: string; readonly names: AccountNames },
): ConnectionInWords {
  const { dates, bankName, names } = words
  const { thirdParty, endedAt, lastUsedAt } = connection
  const name = foreignName(thirdParty.name)
  const why = whyEnded(connection.endedBecause, name, bankName)
  return {
    path: `/connections/${encodeURIComponent(connection.consentId)}`,
    name,
    organisationName: foreignName(thirdParty.organisationName, 'unknown company'),
    link: foreignLink(thirdParty.clientUri) ?? '',
    active: connection.state === 'active',
    accounts: accountsInWords(connection, names),
    since: dates.moment(connection.authorisedAt),
    ends: dates.moment(connection.expiresAt),
    ended: connection.state === 'active' ? '' : `${endedAt ? `${dates.moment(endedAt)}. ` : ''}${why}`,
    lastUsed: lastUsedAt ? dates.moment(lastUsedAt) : 'Not yet',
    clusters: connection.clusters,
  }
}

function accountsInWords({ accounts }: Connection, names: AccountNames): string {
  if (accounts.length === 0) return 'No accounts, only who you are'
  const known = accounts
    .map(({ bankAccountId }) => names.get(bankAccountId))
    .filter((one) => one !== undefined)
  if (known.length === accounts.length) return inARow(known.map(accountInShort))
  return accounts.length === 1 ? '1 account' : `${accounts.length} accounts`
}

function whyEnded(reason: Connection['endedBecause'], app: string, bankName: string): string {
  const words: Record<NonNullable<Connection['endedBecause']>, string> = {
    'refused-by-customer': 'You chose not to share.',
    'stopped-by-customer': 'You stopped sharing.',
    'stopped-by-third-party': `${app} ended it.`,
    'stopped-by-bank': `${bankName} ended it.`,
    'never-collected': `${app} did not finish connecting.`,
    'code-reuse': `${bankName} ended it for your security.`,
    'third-party-removed': `${app} can no longer connect to ${bankName}.`,
    expired: 'It reached its end date.',
  }
  return reason === undefined ? 'It has ended.' : words[reason]
}
