/** What a directory says a third party may be (PSD2: account information, payment initiation, card-based issuer). */
export type Role = 'AISP' | 'PISP' | 'CBPII'

/** Which FAPI a client speaks; within what the ecosystem allows (DESIGN: a property of the client). */
export type SecurityProfile = 'fapi2'

export type Standing = 'active' | 'suspended' | 'removed'

/** A company in the directory. Several pieces of software may belong to it. */
export interface Organisation {
  readonly id: string
  /** The directory's id for it, unique per directory. */
  readonly directoryId: string
  readonly name: string
}

/** A JSON object as it travels in JOSE and in client metadata. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }
export type JsonObject = { readonly [name: string]: Json }
export interface JsonWebKeySet {
  readonly keys: readonly JsonObject[]
}

/** Verified facts about one piece of software, out of a directory's signed statement. */
export interface SoftwareStatement {
  /** Who vouches: the directory's issuer. */
  readonly issuer: string
  /** Unique id of the statement; accepted once. */
  readonly jti: string
  readonly issuedAt: Date
  readonly softwareId: string
  readonly softwareName: string
  readonly organisationId: string
  readonly organisationName: string
  readonly roles: readonly Role[]
  readonly redirectUris: readonly string[]
  readonly keys: { readonly jwks: JsonWebKeySet } | { readonly jwksUri: string }
  readonly clientUri?: string
}

/** One registered piece of software: organisation + software + roles + standing. */
export interface ThirdParty {
  readonly clientId: string
  readonly organisation: Organisation
  readonly softwareId: string
  /** As the customer reads it: from the statement, cleaned of control and direction characters. */
  readonly name: string
  readonly roles: readonly Role[]
  readonly standing: Standing
  readonly securityProfile: SecurityProfile
  readonly registeredAt: Date
  /** RFC 7591 client metadata as registered, keys by value. */
  readonly metadata: JsonObject
  readonly clientUri?: string
}

/** A resource API of the bank that may ask what a token is good for. */
export interface ResourceServer {
  readonly clientId: string
  readonly name: string
  /** The resource indicator (RFC 8707) whose tokens it may introspect, and no other. */
  readonly resource: string
  readonly metadata: JsonObject
}

/**
 * The name as a customer may read it: NFC, without control, format (zero-width) and direction characters, one space
 * between words, at most 64 characters. Empty when nothing readable is left.
 */
export function readableName(name: string): string {
  const visible = name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
  return [...visible].slice(0, 64).join('')
}
