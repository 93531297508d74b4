import { randomBytes } from 'node:crypto'
import type { JsonObject } from './json.ts'
import { sha256 } from './jws.ts'
import { Unexpected } from './unexpected.ts'

/** Form parameters; an array repeats the parameter, `undefined` leaves it out. */
export type Parameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** All that account information can be asked for. */
export const everythingReadable: JsonObject = {
  type: 'account_access',
  permissions: [
    'ReadAccountsDetail',
    'ReadBalances',
    'ReadTransactionsDetail',
    'ReadTransactionsCredits',
    'ReadTransactionsDebits',
  ],
}

/** What the third party must remember between asking and the customer's return. */
export interface PendingRequest {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly redirectUri: string
}

/** Fresh state, nonce and PKCE verifier (RFC 7636 §4.1, 43 characters). */
export function newPendingRequest(redirectUri: string): PendingRequest {
  return { state: random(16), nonce: random(16), verifier: random(32), redirectUri }
}

/** The parameters to push (RFC 9126 §2) for account access with PKCE S256. */
export function requestParameters(
  clientId: string,
  pending: PendingRequest,
  details: readonly JsonObject[] = [everythingReadable],
): Parameters {
  return {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: pending.redirectUri,
    scope: 'openid accounts',
    state: pending.state,
    nonce: pending.nonce,
    code_challenge: sha256(pending.verifier),
    code_challenge_method: 'S256',
    authorization_details: details.length === 0 ? undefined : JSON.stringify(details),
  }
}

/** The customer came back without a code: the `error` of the authorization response. */
export class AuthorizationRefused extends Error {
  readonly error: string

  constructor(error: string, description: string | null) {
    super(`The authorization response says ${error}${description === null ? '' : `: ${description}`}.`)
    this.name = 'AuthorizationRefused'
    this.error = error
  }
}

/**
 * The code of an authorization response, after checking that it is ours: redirect_uri, `iss` (RFC 9207 §2.4) and
 * `state`, on success and on error alike. Throws AuthorizationRefused for an honest error, Unexpected for the rest.
 */
export function readCallback(callback: string, pending: PendingRequest, issuer: string): string {
  const url = new URL(callback)
  const expected = new URL(pending.redirectUri)
  mustBe('the callback', `${expected.origin}${expected.pathname}`, `${url.origin}${url.pathname}`)
  mustBe('iss of the callback', issuer, single(url, 'iss'))
  mustBe('state of the callback', pending.state, single(url, 'state'))
  const error = single(url, 'error')
  if (error !== null) throw new AuthorizationRefused(error, single(url, 'error_description'))
  const code = single(url, 'code')
  if (code === null) throw new Unexpected('the callback', 'a code', 'none')
  return code
}

function single(url: URL, name: string): string | null {
  const values = url.searchParams.getAll(name)
  if (values.length > 1) throw new Unexpected('the callback', `${name} once`, `${values.length} times`)
  return values[0] ?? null
}

function mustBe(what: string, expected: string, received: string | null): void {
  if (received !== expected)
    throw new Unexpected(what, `"${expected}"`, received === null ? 'none' : `"${received}"`)
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
