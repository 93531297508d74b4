import type { AuditEvent } from '../domain/audit-event.ts'
import type {
  AuthorisedConsent,
  AwaitingConsent,
  Consent,
  Decision,
  RejectedConsent,
  RevokedConsent,
} from '../domain/consent.ts'
import type { TokenKind, TokenRecord } from '../domain/live-token.ts'
import type { JsonObject, ResourceServer, SoftwareStatement, ThirdParty } from '../domain/third-party.ts'

/** One change that the ledger makes together with others or not at all. What is in it is the ledger's business. */
export interface Change {
  readonly values: readonly unknown[]
}

/** What hangs on a grant: everything that {@link judgeGrant} needs, and the engine's own payload of the grant. */
export interface GrantFacts {
  readonly facts: Pick<TokenRecord, 'standing' | 'grant' | 'subject' | 'bankCustomerId' | 'customerActive'>
  readonly payload?: JsonObject
}

export interface StoredToken {
  readonly record: TokenRecord
  readonly payload: JsonObject
  readonly grantPayload?: JsonObject
}

export interface StoredOneTime {
  readonly payload: JsonObject
  readonly consumedAt?: Date
  readonly grant?: GrantFacts['facts']
  readonly grantPayload?: JsonObject
}

export interface StoredInteraction {
  readonly clientId: string
  readonly consentId?: string
  readonly payload: JsonObject
  readonly customerId?: string
  readonly authenticatedAt?: Date
  readonly amr: readonly string[]
  readonly decision?: Decision
  readonly finishedAt?: Date
  readonly expiresAt: Date
  readonly signedOut: boolean
}

/**
 * What the authorization server needs of the store. Reads answer what is there, spent and ended things included;
 * changes are made by {@link commit}, all or none. Everything throws Problem `unavailable` when the store is away.
 */
export interface Ledger {
  /** All or none. Throws Problem `spent` when a change finds that somebody else was first. */
  commit(changes: readonly Change[]): Promise<void>
  /** The audit row of an event, to be committed with the change it tells of. */
  auditRow(event: AuditEvent): Promise<Change>

  findThirdParty(clientId: string): Promise<ThirdParty | undefined>
  findResourceServer(clientId: string): Promise<ResourceServer | undefined>
  listResourceServers(): Promise<readonly ResourceServer[]>
  /** The changes that make the third party of a verified statement, and its organisation where it is new. */
  insertThirdParty(
    statement: SoftwareStatement,
    thirdParty: Omit<ThirdParty, 'organisation'>,
  ): Promise<readonly Change[]>

  findToken(token: string): Promise<StoredToken | undefined>
  insertToken(token: {
    readonly value: string
    readonly kind: TokenKind
    readonly clientId: string
    readonly grantId?: string
    readonly issuedAt: Date
    readonly expiresAt: Date
    readonly payload: JsonObject
  }): Change
  revokeToken(value: string, now: Date): Change

  findOneTime(kind: 'code' | 'pushed-request', value: string): Promise<StoredOneTime | undefined>
  insertOneTime(entry: {
    readonly kind: 'code' | 'pushed-request'
    readonly value: string
    readonly grantId?: string
    readonly payload: JsonObject
    readonly expiresAt: Date
    readonly keepUntil: Date
  }): Change
  /** Of all who commit this change exactly one succeeds. */
  consumeOneTime(kind: 'code' | 'pushed-request', value: string, now: Date): Change
  /** True the first time only, however many ask at once on however many processes. Written at once. */
  spend(key: Buffer, expiresAt: Date): Promise<boolean>
  /** As {@link spend}, but with the other changes of the request. */
  spendLater(key: Buffer, expiresAt: Date): Change

  findInteraction(uid: string, now: Date): Promise<StoredInteraction | undefined>
  insertInteraction(interaction: {
    readonly uid: string
    readonly clientId: string
    readonly consentId: string
    readonly payload: JsonObject
    readonly now: Date
  }): Change
  finishInteraction(uid: string, now: Date): Change
  recordDecision(uid: string, decision: Decision, customerId: string | undefined, now: Date): Change
  savePasswordAccepted(uid: string, customerId: string, now: Date): Promise<void>
  saveFactorAccepted(uid: string, customerId: string, amr: readonly string[], now: Date): Promise<void>
  touchInteraction(uid: string, now: Date): Promise<void>

  findConsent(id: string): Promise<Consent | undefined>
  insertConsent(consent: AwaitingConsent): Change
  saveAuthorised(consent: AuthorisedConsent): Change
  saveRejected(consent: RejectedConsent): Change
  saveRevoked(consent: RevokedConsent): Change
  insertGrant(grant: {
    readonly id: string
    readonly clientId: string
    readonly expiresAt: Date
    readonly payload: JsonObject
  }): Change
  endGrant(grantId: string, now: Date): Change
  /** The grant with all that hangs on it; undefined when there is none. */
  findGrant(grantId: string): Promise<GrantFacts | undefined>
  /** The customer as this third party's organisation knows them: pairwise, stable. */
  subjectOf(organisationId: string, customerId: string): Promise<string>
}
