import type { ConsentAccount, ConsentTerms } from '../domain/consent.ts'
import type { OfferedAccount } from './ports.ts'

/** What the customer can be asked to choose from. */
export type Offer =
  /** No account data was asked for, only who the customer is. */
  | { readonly kind: 'identity' }
  /** `named`: the app asked for certain accounts, and none of them is this customer's. */
  | {
      readonly kind: 'nothing'
      readonly because: 'none-shareable' | 'none-named'
      readonly unavailable: readonly OfferedAccount[]
    }
  | {
      readonly kind: 'accounts'
      readonly shareable: readonly [OfferedAccount, ...OfferedAccount[]]
      readonly unavailable: readonly OfferedAccount[]
    }

export function needsAccounts(terms: ConsentTerms): boolean {
  return terms.permissions.length > 0
}

/** `all` are the customer's accounts at the bank; only those that the app asked for are offered, if it named any. */
export function offerOf(terms: ConsentTerms, all: readonly OfferedAccount[]): Offer {
  if (!needsAccounts(terms)) return { kind: 'identity' }
  const named = all.filter(({ id }) => terms.requestedAccounts?.includes(id) ?? true)
  const unavailable = named.filter(({ account }) => !account.shareable)
  const [first, ...more] = named.filter(({ account }) => account.shareable)
  if (first) return { kind: 'accounts', shareable: [first, ...more], unavailable }
  const because = terms.requestedAccounts && named.length === 0 ? 'none-named' : 'none-shareable'
  return { kind: 'nothing', because, unavailable }
}

export type Choice =
  | { readonly kind: 'chosen'; readonly accounts: readonly ConsentAccount[] }
  | { readonly kind: 'none-chosen' }
  /** Something was sent that is not on offer: nothing of it is taken. */
  | { readonly kind: 'not-offered' }

/** What the posted account ids mean. Only ids that are on offer and may be shared count; nothing else is believed. */
export function choiceOf(offer: Offer, posted: readonly string[]): Choice {
  const shareable = offer.kind === 'accounts' ? offer.shareable : []
  const wanted = new Set(posted)
  const chosen = shareable.filter(({ id }) => wanted.has(id))
  if (chosen.length !== wanted.size || offer.kind === 'nothing') return { kind: 'not-offered' }
  if (offer.kind === 'accounts' && chosen.length === 0) return { kind: 'none-chosen' }
  return {
    kind: 'chosen',
    accounts: chosen.map(({ id, account }) => ({ accountId: id, bankAccountId: account.accountId })),
  }
}
