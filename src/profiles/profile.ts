import type { ConsentTerms, Permission } from '../domain/consent.ts'
import type { Json, JsonObject, Role, SecurityProfile, SoftwareStatement } from '../domain/third-party.ts'

/** One group of what a customer reads on the consent screen: a heading and the sentences below it. */
export interface Cluster {
  readonly heading: string
  readonly sentences: readonly string[]
}

/** Where an authorization request names (staged) or describes (inline) the consent it asks for. */
export type ConsentRequest =
  | { readonly kind: 'inline'; readonly terms: ConsentTerms }
  | { readonly kind: 'staged'; readonly consentId: string }

/** The parameters of an authorization request that a profile may read; verified by the engine before. */
export interface AuthorizationParameters {
  readonly scope: readonly string[]
  readonly authorizationDetails: readonly JsonObject[]
}

/** The bank's own answers (docs/bank-port.openapi.yaml), in the bank's words. */
export interface BankAccount {
  readonly accountId: string
  readonly type: 'current' | 'savings' | 'credit-card'
  readonly currency: string
  readonly nickname: string
  readonly holderName: string
  readonly identification: { readonly scheme: string; readonly value: string }
  readonly openedOn: string
  /** False where the bank's own rules forbid sharing; `notShareableBecause` says why, in words for the customer. */
  readonly shareable: boolean
  readonly notShareableBecause?: string
  /** The other holders of a joint account, by first name. */
  readonly heldWith?: readonly string[]
  readonly balance: BankBalance
}

export interface BankBalance {
  readonly type: string
  /** A decimal string in major units, such as "-12.50". */
  readonly amount: string
  readonly currency: string
  readonly at: string
}

export interface BankTransaction {
  readonly transactionId: string
  readonly bookedAt: string
  /** A decimal string in major units, negative for a debit. */
  readonly amount: string
  readonly currency: string
  readonly status: 'booked' | 'pending'
  readonly description: string
  readonly counterparty?: { readonly name: string; readonly account?: string }
}

/** What the gateway asks the bank for. */
export type BankQuery =
  | { readonly kind: 'accounts' }
  | { readonly kind: 'account'; readonly bankAccountId: string }
  | { readonly kind: 'balances'; readonly bankAccountId: string }
  | {
      readonly kind: 'transactions'
      readonly bankAccountId: string
      readonly from: Date
      readonly to: Date
    }

/** What the bank answered, beside the AccountId the third party knows. */
export type BankAnswer =
  | { readonly kind: 'accounts'; readonly accounts: readonly { id: string; account: BankAccount }[] }
  | { readonly kind: 'account'; readonly id: string; readonly account: BankAccount }
  | { readonly kind: 'balances'; readonly id: string; readonly balances: readonly BankBalance[] }
  | { readonly kind: 'transactions'; readonly id: string; readonly transactions: readonly BankTransaction[] }

/** One resource endpoint of an ecosystem. */
export interface ResourceEndpoint {
  readonly name: string
  readonly method: 'GET'
  /** Path segments below the gateway's base; `:accountId` stands for one opaque id. */
  readonly path: readonly string[]
  readonly asks: BankQuery['kind']
  /** Any one of these is enough to be let in; what is given depends on all that are held. */
  readonly permissions: readonly Permission[]
}

/** What an ecosystem says about the subject: data and pure functions. Reads no configuration, does no I/O. */
export interface Profile {
  readonly name: 'fapi2'
  /** What its clients may speak. */
  readonly securityProfiles: readonly SecurityProfile[]
  /** Scopes beside `openid`, each with the roles that may ask for it. */
  readonly scopes: Readonly<Record<string, readonly Role[]>>
  /** RFC 9396 types it understands. */
  readonly authorizationDetailsTypes: readonly string[]
  /**
   * Checks one `authorization_details` element (RFC 9396 §5): unknown fields, types and values are refused.
   * Throws Problem `invalid-authorization-details`.
   */
  validateDetail(detail: JsonObject, now: Date): void
  /** What the request asks the customer for. Throws Problem `invalid-authorization-details`. */
  consentRequest(parameters: AuthorizationParameters, now: Date): ConsentRequest
  /** What was granted, as RFC 9396 §7 wants it in token and introspection responses. */
  grantedDetails(terms: ConsentTerms, accountIds: readonly string[]): readonly JsonObject[]
  /** Read-only sentences for the customer: granted permissions only, Detail replaces Basic. */
  clusters(permissions: readonly Permission[]): readonly Cluster[]
  readonly endpoints: readonly ResourceEndpoint[]
  /** The body for the third party: only the fields and rows that the permissions give. */
  disclose(answer: BankAnswer, permissions: readonly Permission[]): Json
  /** The ecosystem's statement in our words. Throws Problem `invalid-software-statement`. */
  readStatement(claims: JsonObject): SoftwareStatement
}
