import { Problem } from './problem.ts'

/** A permission in the ecosystem's own spelling, such as `ReadBalances`. Profiles say what each one gives. */
export type Permission = string

/** What a customer is asked to allow, before accounts are chosen. Never changed once asked. */
export interface ConsentTerms {
  readonly permissions: readonly Permission[]
  /** Accounts named by the third party, in its own (opaque) AccountIds; undefined: the customer chooses freely. */
  readonly requestedAccounts?: readonly string[]
  /** The consent ends at this moment at the latest. */
  readonly expiresAt: Date
  /** Transactions booked before / after these moments are never given. */
  readonly transactionsFrom?: Date
  readonly transactionsTo?: Date
}

/** One account of a consent: the id the third party sees, and the bank's own id, which it never sees. */
export interface ConsentAccount {
  readonly accountId: string
  readonly bankAccountId: string
}

interface ConsentBase {
  readonly id: string
  readonly clientId: string
  readonly createdAt: Date
  /** `inline`: described in the authorization request itself. `staged`: lodged at the consent API beforehand. */
  readonly kind: 'inline' | 'staged'
  readonly terms: ConsentTerms
}

export interface AwaitingConsent extends ConsentBase {
  readonly state: 'awaiting'
}

/** What a customer agreed to: has customer, accounts and grant, always. */
export interface AuthorisedConsent extends ConsentBase {
  readonly state: 'authorised'
  readonly customerId: string
  readonly accounts: readonly ConsentAccount[]
  readonly grantId: string
  readonly authorisedAt: Date
}

/** Who ended a consent, or why it ended by itself. */
export type ClosingReason =
  | 'refused-by-customer'
  | 'stopped-by-customer'
  | 'stopped-by-third-party'
  | 'stopped-by-bank'
  | 'never-collected'
  | 'code-reuse'
  | 'third-party-removed'

/** Refused before it was authorised. */
export interface RejectedConsent extends ConsentBase {
  readonly state: 'rejected'
  readonly customerId?: string
  readonly closedAt: Date
  readonly reason: ClosingReason
}

/** Authorised once and ended since: what was shared stays on record, nothing more is given. */
export interface RevokedConsent extends Omit<AuthorisedConsent, 'state'> {
  readonly state: 'revoked'
  readonly closedAt: Date
  readonly reason: ClosingReason
}

/** A customer's decision about one third party. `expired` is a question about now ({@link isUsable}), not a state. */
export type Consent = AwaitingConsent | AuthorisedConsent | RejectedConsent | RevokedConsent

/** What the customer decided on the screen; recorded when the form is posted, acted on when the browser returns. */
export type Decision =
  | { readonly kind: 'agreed'; readonly accounts: readonly ConsentAccount[]; readonly decidedAt: Date }
  | { readonly kind: 'refused'; readonly decidedAt: Date }

/** Throws `wrong-state` unless the consent still awaits its decision and has not expired. */
export function authorise(
  consent: Consent,
  by: { readonly customerId: string; readonly accounts: readonly ConsentAccount[]; readonly grantId: string },
  now: Date,
): AuthorisedConsent {
  const awaiting = mustAwait(consent)
  if (awaiting.terms.expiresAt <= now) throw new Problem('wrong-state', 'The consent has expired.')
  if (awaiting.terms.permissions.length > 0 && by.accounts.length === 0)
    throw new Problem('wrong-state', 'A consent to share account data needs at least one account.')
  return { ...awaiting, state: 'authorised', ...by, authorisedAt: now }
}

/** Throws `wrong-state` unless the consent still awaits its decision. */
export function reject(
  consent: Consent,
  by: { readonly customerId?: string; readonly reason: ClosingReason },
  now: Date,
): RejectedConsent {
  return { ...mustAwait(consent), state: 'rejected', ...by, closedAt: now }
}

/** Ends an authorised consent. Ending an ended one changes nothing; any other state throws `wrong-state`. */
export function revoke(consent: Consent, reason: ClosingReason, now: Date): RevokedConsent {
  if (consent.state === 'revoked') return consent
  if (consent.state !== 'authorised')
    throw new Problem('wrong-state', `A consent that is ${consent.state} cannot be stopped.`)
  return { ...consent, state: 'revoked', closedAt: now, reason }
}

/** The only answer to "may this consent be used now?". */
export function isUsable(consent: Consent, now: Date): consent is AuthorisedConsent {
  return consent.state === 'authorised' && now < consent.terms.expiresAt
}

function mustAwait(consent: Consent): AwaitingConsent {
  if (consent.state !== 'awaiting')
    throw new Problem('wrong-state', `The consent is already ${consent.state}; it cannot be decided again.`)
  return consent
}
