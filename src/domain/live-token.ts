import {
  type AuthorisedConsent,
  type Consent,
  type ConsentAccount,
  isUsable,
  type Permission,
} from './consent.ts'
import type { Standing } from './third-party.ts'

/** How a token is bound to its holder (exactly one). */
export type Confirmation = { readonly jkt: string } | { readonly 'x5t#S256': string }

export type TokenKind = 'access' | 'refresh' | 'client-credentials'

/** Everything a decision about a token needs, read by one query: token → grant → consent → third party. */
export interface TokenRecord {
  readonly kind: TokenKind
  readonly clientId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly scope: string
  /** The resource the token is for; undefined: userinfo only. */
  readonly resource?: string
  readonly confirmation?: Confirmation
  readonly standing: Standing
  /** The token itself was revoked. */
  readonly revokedAt?: Date
  /** The grant it hangs on; undefined for client credentials, which speak for nobody. */
  readonly grant?: { readonly id: string; readonly endedAt?: Date; readonly consent: Consent }
  /** The subject as this third party's organisation knows the customer. */
  readonly subject?: string
  /** The bank's id of the customer. */
  readonly bankCustomerId?: string
  /** False once the bank has closed or blocked the customer. */
  readonly customerActive?: boolean
}

/** A token that is good now, with the consent that makes it good. */
export interface LiveToken {
  readonly kind: TokenKind
  readonly clientId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly scope: string
  readonly resource?: string
  readonly confirmation: Confirmation
  readonly subject?: string
  readonly consent?: {
    readonly id: string
    readonly permissions: readonly Permission[]
    readonly accounts: readonly ConsentAccount[]
    readonly expiresAt: Date
    readonly transactionsFrom?: Date
    readonly transactionsTo?: Date
    readonly customerId: string
    readonly bankCustomerId: string
  }
}

/** Why a token is not good, for the log and the audit trail; the asker only ever learns "not active". */
export type DeadReason =
  | 'expired'
  | 'revoked'
  | 'unbound'
  | 'grant-ended'
  | 'consent-not-usable'
  | 'third-party-not-active'
  | 'customer-not-active'

type GrantRecord = NonNullable<TokenRecord['grant']>

/** Whether what hangs on a grant may be used now: third party, customer, grant and consent, every one of them. */
export function judgeGrant(
  record: Pick<TokenRecord, 'standing' | 'customerActive'> & { readonly grant: GrantRecord },
  now: Date,
): AuthorisedConsent | DeadReason {
  if (record.standing !== 'active') return 'third-party-not-active'
  if (record.grant.endedAt !== undefined) return 'grant-ended'
  if (!isUsable(record.grant.consent, now)) return 'consent-not-usable'
  if (!record.customerActive) return 'customer-not-active'
  return record.grant.consent
}

/** The only judge of access tokens: introspection, the gateway and userinfo all ask here. */
export function judge(record: TokenRecord, now: Date): LiveToken | DeadReason {
  if (record.revokedAt !== undefined) return 'revoked'
  if (record.expiresAt <= now) return 'expired'
  // FAPI 2.0 Security Profile §5.3.2.1: only sender-constrained access tokens. A refresh token never is one.
  if (record.confirmation === undefined) return 'unbound'
  const token = {
    kind: record.kind,
    clientId: record.clientId,
    issuedAt: record.issuedAt,
    expiresAt: record.expiresAt,
    scope: record.scope,
    confirmation: record.confirmation,
    ...(record.resource === undefined ? {} : { resource: record.resource }),
  }
  const { grant } = record
  if (grant === undefined) {
    if (record.kind !== 'client-credentials') return 'grant-ended'
    return record.standing === 'active' ? token : 'third-party-not-active'
  }
  const consent = judgeGrant({ ...record, grant }, now)
  if (typeof consent === 'string') return consent
  if (record.subject === undefined || record.bankCustomerId === undefined) return 'customer-not-active'
  return {
    ...token,
    subject: record.subject,
    consent: {
      id: consent.id,
      permissions: consent.terms.permissions,
      accounts: consent.accounts,
      expiresAt: consent.terms.expiresAt,
      ...(consent.terms.transactionsFrom && { transactionsFrom: consent.terms.transactionsFrom }),
      ...(consent.terms.transactionsTo && { transactionsTo: consent.terms.transactionsTo }),
      customerId: consent.customerId,
      bankCustomerId: record.bankCustomerId,
    },
  }
}
