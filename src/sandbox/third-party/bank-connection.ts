import { randomUUID } from 'node:crypto'
import * as client from 'openid-client'
import { type AccountData, readAccounts } from './account-data.ts'
import { purposes } from './purpose.ts'
import { type BankSettings, RegisteredClient } from './registered-client.ts'
import type { Connection, Pending, Session } from './sessions.ts'
import { shownFields } from './shown.ts'
import type { Steps } from './step.ts'

const DAY = 24 * 60 * 60 * 1000
/** For how long the app asks, in days. */
const WANTED = 90
const permissions = [
  ...['ReadAccountsDetail', 'ReadBalances', 'ReadTransactionsDetail'],
  ...['ReadTransactionsCredits', 'ReadTransactionsDebits'],
]
/** An access token that ends within this many milliseconds is not worth trying. */
const MARGIN = 5000

/** Everything the third party does at the bank, with openid-client as it comes; each step goes into the session. */
export class Bank {
  readonly #settings: BankSettings
  readonly #client: RegisteredClient

  constructor(settings: BankSettings) {
    this.#settings = settings
    this.#client = new RegisteredClient(settings)
  }

  /** The request and the URL to send the browser to. Registers first where that was not done yet. */
  async begin(steps: Steps): Promise<{ readonly pending: Pending; readonly url: string }> {
    try {
      return await this.#begin(steps)
    } catch (error) {
      // A bank that was emptied since does not know us any more. Once: a second refusal is meant.
      if (!isOAuthError(error, 'invalid_client')) throw error
      this.#client.forgetRegistration()
      return this.#begin(steps)
    }
  }

  async #begin(steps: Steps): Promise<{ readonly pending: Pending; readonly url: string }> {
    const configuration = await this.#client.discover(steps)
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    }
    const url = await client.buildAuthorizationUrlWithPAR(configuration, await this.#request(pending), {
      DPoP: this.#client.proof(configuration),
    })
    this.#note(steps, purposes.toBank, url)
    return { pending, url: url.href }
  }

  async #request({ state, nonce, verifier }: Pending): Promise<Record<string, string>> {
    const expiresAt = new Date(this.#settings.now().getTime() + WANTED * DAY).toISOString()
    return {
      redirect_uri: this.#settings.redirectUri,
      scope: 'openid accounts',
      response_type: 'code',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      authorization_details: JSON.stringify([{ type: 'account_access', permissions, expires_at: expiresAt }]),
    }
  }

  /** The browser is back. Throws openid-client's AuthorizationResponseError when the bank says no. */
  async finish(steps: Steps, callback: URL, pending: Pending): Promise<Connection> {
    this.#note(steps, purposes.fromBank, callback)
    const configuration = await this.#client.known(steps)
    const tokens = await client.authorizationCodeGrant(
      configuration,
      callback,
      {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      },
      undefined,
      { DPoP: this.#client.proof(configuration) },
    )
    return this.#connection(tokens, this.#settings.now().toISOString())
  }

  /** The customer's accounts, by the access token if it is good, or by a new one. Throws AccessEnded. */
  async read(session: Session): Promise<readonly AccountData[]> {
    const configuration = await this.#client.known(session.steps)
    if (this.#isStale(session)) await this.#refresh(configuration, session)
    try {
      return await this.#readAll(configuration, session)
    } catch (error) {
      if (!isOAuthError(error, 'invalid_token')) throw error
      await this.#refresh(configuration, session)
      return await this.#readAll(configuration, session)
    }
  }

  /** Tells the bank that the tokens are not wanted any more. */
  async revoke({ connection, steps }: Session): Promise<void> {
    if (connection === undefined) return
    const configuration = await this.#client.known(steps)
    await client.tokenRevocation(configuration, connection.refreshToken ?? connection.accessToken)
  }

  #isStale({ connection }: Session): boolean {
    return Date.parse(connection?.expiresAt ?? '') < this.#settings.now().getTime() + MARGIN
  }

  async #refresh(configuration: client.Configuration, session: Session): Promise<void> {
    const { connection } = session
    if (connection?.refreshToken === undefined) throw new AccessEnded()
    try {
      const tokens = await client.refreshTokenGrant(configuration, connection.refreshToken, undefined, {
        DPoP: this.#client.proof(configuration),
      })
      session.connection = { ...connection, ...this.#connection(tokens, connection.connectedAt) }
    } catch (error) {
      throw isOAuthError(error, 'invalid_grant') ? new AccessEnded() : error
    }
  }

  #readAll(configuration: client.Configuration, session: Session): Promise<readonly AccountData[]> {
    const accessToken = session.connection?.accessToken ?? ''
    return readAccounts(async (path) => {
      const response = await client.fetchProtectedResource(
        configuration,
        accessToken,
        new URL(this.#settings.gateway + path),
        'GET',
        undefined,
        new Headers({ 'x-fapi-interaction-id': randomUUID() }),
        { DPoP: this.#client.proof(configuration) },
      )
      if (response.status !== 200) throw new UnreadableData(response.status)
      return response.json()
    }, this.#settings.now())
  }

  #connection(tokens: client.TokenEndpointResponse, connectedAt: string): Connection {
    const lifetime = (tokens.expires_in ?? 60) * 1000
    return {
      accessToken: tokens.access_token,
      ...(tokens.refresh_token && { refreshToken: tokens.refresh_token }),
      expiresAt: new Date(this.#settings.now().getTime() + lifetime).toISOString(),
      connectedAt,
    }
  }

  #note(steps: Steps, purpose: (typeof purposes)['toBank' | 'fromBank'], url: URL): void {
    const headers = shownFields([])
    steps.add({
      ...purpose,
      at: this.#settings.now().toISOString(),
      method: 'GET',
      url: url.origin + url.pathname,
      request: { headers, query: shownFields(url.searchParams) },
      milliseconds: 0,
    })
  }
}

/** The customer, or the bank, stopped the connection: no token will be given any more. */
export class AccessEnded extends Error {}

/** The bank's API answered something else than data. */
export class UnreadableData extends Error {
  readonly status: number

  constructor(status: number) {
    super(`the bank's API answered ${status}`)
    this.status = status
  }
}

function isOAuthError(error: unknown, code: string): boolean {
  if (error instanceof client.ResponseBodyError) return error.error === code
  if (!(error instanceof client.WWWAuthenticateChallengeError)) return false
  return error.cause.some(({ parameters }) => parameters.error === code)
}
