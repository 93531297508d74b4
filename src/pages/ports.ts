import type { Context } from 'koa'
import type { ClosingReason, ConsentTerms, Decision } from '../domain/consent.ts'
import type { Authentication, Customer } from '../domain/customer.ts'
import type { BankAccount, Cluster } from '../profiles/profile.ts'

/** The app or service that asks, as customers read it. All of it is foreign text. */
interface AskingParty {
  readonly clientId: string
  readonly name: string
  readonly organisationName: string
  readonly clientUri?: string
  /** True when the bank or the directory has stopped this app: nothing can be shared with it now. */
  readonly suspended?: boolean
}

/** How far the customer has come. The steps follow each other; none can be skipped. */
export type Progress =
  | {
      readonly step: 'login'
      /** True when somebody had signed in here and 5 minutes without activity ended that. */
      readonly signedOut?: boolean
    }
  | { readonly step: 'factor'; readonly customerId: string }
  | { readonly step: 'accounts'; readonly authentication: Authentication }
  | {
      readonly step: 'decided'
      /** What was decided, and the URL that `decide` answered: so that a second click finds the way back, too. */
      readonly decision?: Decision
      readonly returnTo?: string
    }

/** A customer in the middle of being asked. */
export interface CustomerInteraction {
  readonly uid: string
  readonly thirdParty: AskingParty
  /** Origin (or `scheme:`) of the stored, validated redirect_uri, for CSP `form-action`; never from the query. */
  readonly redirectOrigin: string
  readonly consentId: string
  readonly terms: ConsentTerms
  readonly progress: Progress
}

export interface Interactions {
  /**
   * The interaction of this browser (by its cookie) if it is the one named in the URL; undefined when there is
   * none, it has ended, or it is another browser's. Somebody signed in and idle for 5 minutes: answers step
   * `login` with `signedOut: true`.
   */
  current(ctx: Context, uid: string): Promise<CustomerInteraction | undefined>
  passwordAccepted(uid: string, customerId: string): Promise<void>
  factorAccepted(uid: string, authentication: Authentication): Promise<void>
  /**
   * Records the decision and answers the URL (ours) to send the browser to with 303. The first decision stands:
   * throws Problem `wrong-state` for a later, different one; the same one again answers the same URL.
   */
  decide(ctx: Context, uid: string, decision: Decision): Promise<string>
}

/** One account on offer: the id as this third party knows it, and what the bank says of it. */
export interface OfferedAccount {
  readonly id: string
  readonly account: BankAccount
}

export interface CustomerAccounts {
  /** All accounts of the customer at the bank, shareable or not. Throws Problem `unavailable`. */
  list(customerId: string, clientId: string): Promise<readonly OfferedAccount[]>
}

/** What a customer once agreed to, as the page of connected apps shows it. */
export interface Connection {
  readonly consentId: string
  readonly thirdParty: AskingParty
  readonly state: 'active' | 'ended'
  readonly clusters: readonly Cluster[]
  readonly accounts: readonly { readonly bankAccountId: string }[]
  readonly authorisedAt: Date
  readonly expiresAt: Date
  readonly endedAt?: Date
  readonly endedBecause?: ClosingReason | 'expired'
  readonly lastUsedAt?: Date
}

export interface Connections {
  /** Every connection the customer ever agreed to, newest first; none that was refused or never decided. */
  list(customerId: string): Promise<readonly Connection[]>
  /** Undefined when there is none, and when it is another customer's. */
  find(customerId: string, consentId: string): Promise<Connection | undefined>
  /** Ends the consent and everything that hangs on it; true also when it had ended before, false when it is not theirs. */
  stop(customerId: string, consentId: string, reason: string | undefined): Promise<boolean>
}

/** Our own sessions, for the page of connected apps; the engine's are another matter. */
export interface CustomerSessions {
  /** Answers the raw 256-bit id for the cookie; only its hash is kept. */
  open(customerId: string): Promise<string>
  /** Touches the session: 5 minutes idle, 30 minutes absolute. Undefined when it has ended. */
  find(id: string): Promise<{ readonly customerId: string } | undefined>
  close(id: string): Promise<void>
}

/** Which of the two things was wrong is never told (RTS Art. 4(3)(a)). */
export type SignInResult =
  | { readonly outcome: 'accepted'; readonly customer: Customer }
  | { readonly outcome: 'refused'; readonly triesLeft: number }
  | { readonly outcome: 'locked'; readonly until: Date }

export interface SignIn {
  password(customerNumber: string, password: string): Promise<SignInResult>
  code(customerId: string, code: string): Promise<SignInResult>
}
