import type { ConsentAccount, Permission } from '../domain/consent.ts'

/** What the gateway saw of a request, for the one who judges it. Nothing here has been checked yet. */
export interface AdmissionRequest {
  readonly token: string
  readonly scheme: 'DPoP' | 'Bearer'
  /** The DPoP header as it came, when there was exactly one. */
  readonly proof?: string
  /** RFC 8705 §3.1 `x5t#S256` of the certificate the client proved on this connection. */
  readonly certificateThumbprint?: string
  readonly method: string
  /** The URL as the client must have named it in `htu`: public base URL and path, without query. */
  readonly url: string
  readonly interactionId: string
}

/** The consent that opens the door, as far as the gateway must know it. */
export interface AdmittedConsent {
  readonly id: string
  readonly permissions: readonly Permission[]
  readonly accounts: readonly ConsentAccount[]
  readonly expiresAt: Date
  readonly transactionsFrom?: Date
  readonly transactionsTo?: Date
  readonly bankCustomerId: string
}

/** Let in: by whom the consent was given, for what, and the name of this admission. */
export interface Admitted {
  readonly admitted: true
  /** Names the token for {@link Admitter.disclosed}: its SHA-256, base64url. Useless as a token. */
  readonly ticket: string
  readonly clientId: string
  readonly consent: AdmittedConsent
  readonly scope: string
  /** A fresh DPoP nonce for the next request, when the one used is not the newest. */
  readonly nonce?: string
}

export type RefusalError =
  | 'invalid_token'
  | 'invalid_dpop_proof'
  | 'use_dpop_nonce'
  | 'insufficient_scope'
  | 'invalid_request'
  | 'temporarily_unavailable'

/** Not let in. The description never tells a token that was never issued from one that died. */
export interface Refused {
  readonly admitted: false
  readonly status: 400 | 401 | 403 | 429 | 503
  readonly error: RefusalError
  readonly description: string
  readonly nonce?: string
}

export type Admission = Admitted | Refused

/** What is about to leave, told before its first byte does. */
export interface Disclosure {
  /** {@link Admitted.ticket}: SHA-256 of the access token, base64url. */
  readonly ticket: string
  readonly clientId: string
  readonly consentId: string
  /** The endpoint's name in the profile, such as `balances`. */
  readonly endpoint: string
  /** The accounts concerned, by the opaque AccountIds the third party knows. */
  readonly accountIds: readonly string[]
  /** How many accounts, balances or transactions. */
  readonly rows: number
  readonly interactionId: string
}

/** A request of a party that is known, and was refused all the same. */
export interface KnownRefusal {
  readonly clientId: string
  readonly consentId?: string
  /** The endpoint's name in the profile; undefined where the judge itself refused. */
  readonly endpoint?: string
  readonly error: string
  readonly interactionId: string
}

/**
 * Judges requests and writes down what is disclosed. Both methods may throw Problem `unavailable`, and whoever
 * asks treats any other failure the same: nobody is let in, nothing leaves.
 */
export interface Admitter {
  admit(request: AdmissionRequest): Promise<Admission>
  /** False: the token or its consent ended meanwhile; nothing was written and nothing may be sent. */
  disclosed(disclosure: Disclosure): Promise<boolean>
  /** Writes the refusal down before it is answered; strangers' are counted, not written down (DESIGN §7.16). */
  refused(refusal: KnownRefusal): Promise<void>
}
