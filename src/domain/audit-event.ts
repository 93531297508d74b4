import { createHash } from 'node:crypto'
import type { JsonObject } from './third-party.ts'

/** What may be written in the audit trail. Kept past tense: an event is something that happened. */
export type AuditType =
  | 'third-party.registered'
  | 'third-party.suspended'
  | 'third-party.restored'
  | 'third-party.removed'
  | 'resource-server.added'
  | 'resource-server.removed'
  | 'customer.added'
  | 'customer.factor-reset'
  | 'customer.authenticated'
  | 'customer.authentication-failed'
  | 'customer.locked'
  | 'customer.unlocked'
  | 'customer.signed-out'
  | 'request.pushed'
  | 'request.refused'
  | 'consent.requested'
  | 'consent.decided'
  | 'consent.authorised'
  | 'consent.rejected'
  | 'consent.revoked'
  | 'token.issued'
  | 'token.refused'
  | 'token.revoked'
  | 'code.reused'
  | 'data.disclosed'
  | 'data.refused'

export type AuditActor = 'third-party' | 'customer' | 'resource-server' | 'operator' | 'postern'

/**
 * One line of the audit trail before it is written. No token, code, password, key or account number in clear
 * (house invariant 6); customers only by their pseudonym, which the store derives with the customer's own salt.
 */
export interface AuditEvent {
  readonly type: AuditType
  readonly actor: AuditActor
  readonly at: Date
  /** The customer concerned; written as a salted pseudonym. */
  readonly customerId?: string
  readonly clientId?: string
  readonly consentId?: string
  /** x-fapi-interaction-id of the request, to find the event from a complaint. */
  readonly interactionId?: string
  /** Further facts, small and free of secrets and personal data. */
  readonly facts?: JsonObject
}

/** Of the leaf's layout; a verifier reads it first. */
export const AUDIT_SCHEMA_VERSION = 1

/**
 * Canonical JSON (RFC 8785) of what an audit row holds: strings, booleans, null, arrays, objects and integers only,
 * for which sorted keys and `JSON.stringify` are the canonical form. Throws TypeError on any other number.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new TypeError('canonical JSON here holds integers only')
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
    return `{${members.join(',')}}`
  }
  return JSON.stringify(value)
}

/** RFC 6962 §2.1 leaf hash of a row: SHA-256 of 0x00 followed by its canonical JSON. */
export function leafHash(canonical: string): Buffer {
  return createHash('sha256').update(Buffer.of(0)).update(canonical, 'utf8').digest()
}
