import { randomUUID } from 'node:crypto'
import {
  newPendingRequest,
  type Parameters,
  type PendingRequest,
  readCallback,
  requestParameters,
} from './authorization-request.ts'
import { Caller, type CallOptions } from './caller.ts'
import { expectStatus } from './expect-answer.ts'
import { verifyIdToken } from './id-token.ts'
import { type JsonObject, textMember } from './json.ts'
import { type RegisterOptions, registerNewcomer } from './newcomer.ts'
import type { ThirdPartyFacts } from './third-party-facts.ts'
import { readTokenSet, type TokenSet } from './token-set.ts'
import type { Answer } from './transport.ts'
import { Unexpected } from './unexpected.ts'

/** What was pushed, and where to send the customer. */
export interface AskedRequest extends PendingRequest {
  readonly requestUri: string
  readonly url: string
}

/** A customer's tokens with the subject of the verified id_token. */
export interface CollectedTokens extends TokenSet {
  readonly subject: string
}

/**
 * A third party written from the specifications. `push`, `exchange`, `refresh`, `resource` and so on return the raw
 * answer whatever it is; `ask`, `collect`, `renew` and `read` are the honest steps, which throw Unexpected in a
 * sentence when the answer is not the promised one.
 */
export class ThirdParty {
  readonly facts: ThirdPartyFacts
  /** Makes assertions and proofs to be sent verbatim, more than once or elsewhere. */
  readonly caller: Caller

  constructor(facts: ThirdPartyFacts) {
    this.facts = facts
    this.caller = new Caller(facts)
  }

  /** Keys, statement (and certificate) from the directory, then RFC 7591 registration. */
  static async register(options: RegisterOptions): Promise<ThirdParty> {
    return new ThirdParty(await registerNewcomer(options))
  }

  get clientId(): string {
    return this.facts.clientId
  }

  get tokenType(): TokenSet['tokenType'] {
    return this.#mutualTls ? 'Bearer' : 'DPoP'
  }

  /** The same party with something exchanged, such as another key or certificate. Nonces start afresh. */
  with(changes: Partial<ThirdPartyFacts>): ThirdParty {
    return new ThirdParty({ ...this.facts, ...changes })
  }

  /** Pushes a request for these details and says where to send the customer. */
  async ask(details?: readonly JsonObject[], options: CallOptions = {}): Promise<AskedRequest> {
    const pending = newPendingRequest(this.facts.redirectUri)
    const answer = await this.push(requestParameters(this.clientId, pending, details), options)
    const where = 'the PAR response'
    const body = expectStatus(answer, 201).json()
    const requestUri = textMember(body, 'request_uri', where)
    const seconds = body.expires_in
    // FAPI 2.0 Security Profile §5.3.2.2 item 12.
    if (typeof seconds !== 'number' || seconds <= 0 || seconds >= 600)
      throw new Unexpected(where, 'expires_in below 600 seconds', JSON.stringify(seconds) ?? 'none')
    return { ...pending, requestUri, url: this.authorizeUrl(requestUri) }
  }

  /** Checks the callback, exchanges its code and verifies the id_token. */
  async collect(
    callback: string,
    pending: PendingRequest,
    options: CallOptions = {},
  ): Promise<CollectedTokens> {
    const code = readCallback(callback, pending, this.facts.server.issuer)
    return this.accept(await this.exchange(code, pending, options), pending)
  }

  /** Checks the answer to a code: token response and id_token. */
  async accept(answer: Answer, pending: Pick<PendingRequest, 'nonce'>): Promise<CollectedTokens> {
    const tokens = readTokenSet(expectStatus(answer, 200), this.tokenType)
    if (tokens.idToken === undefined) throw new Unexpected('the token response', 'an id_token', 'none')
    const { transport, server, clientId, idTokenAlg, now } = this.facts
    const claims = await verifyIdToken(transport, server, tokens.idToken, {
      clientId,
      nonce: pending.nonce,
      alg: idTokenAlg,
      accessToken: tokens.accessToken,
      now: now(),
    })
    return { ...tokens, subject: claims.sub }
  }

  /** New access token for a refresh token, which stays as it is (FAPI 2.0 Security Profile §5.3.2.1 item 9). */
  async renew(refreshToken: string, options: CallOptions = {}): Promise<TokenSet> {
    const tokens = readTokenSet(expectStatus(await this.refresh(refreshToken, options), 200), this.tokenType)
    if (tokens.refreshToken !== undefined && tokens.refreshToken !== refreshToken)
      throw new Unexpected('the refresh response', 'the same refresh token or none', 'another one')
    return tokens
  }

  /** The JSON of a resource, after checking that the interaction id was echoed. */
  async read(path: string, accessToken: string, options: CallOptions = {}): Promise<JsonObject> {
    const id = randomUUID()
    const headers = { 'x-fapi-interaction-id': id, ...options.headers }
    const answer = expectStatus(await this.resource(path, accessToken, { ...options, headers }), 200)
    const echoed = answer.headers['x-fapi-interaction-id']
    if (echoed !== id)
      throw new Unexpected(`GET ${answer.url}`, `x-fapi-interaction-id ${id}`, String(echoed ?? 'none'))
    return answer.json()
  }

  /** RFC 9126 §2.1. */
  push(parameters: Parameters, options: CallOptions = {}): Promise<Answer> {
    return this.caller.post(this.endpoint('pushed_authorization_request_endpoint'), parameters, options, true)
  }

  /** Where the customer's browser goes: client_id and request_uri only (RFC 9126 §4), unless more is given. */
  authorizeUrl(requestUri: string, more: Readonly<Record<string, string>> = {}): string {
    const url = new URL(this.facts.server.endpoint('authorization_endpoint'))
    const parameters = { client_id: this.clientId, request_uri: requestUri, ...more }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return url.href
  }

  /** RFC 6749 §4.1.3 with RFC 7636 §4.5. */
  exchange(
    code: string,
    pending: Pick<PendingRequest, 'redirectUri' | 'verifier'>,
    options: CallOptions = {},
  ): Promise<Answer> {
    const { redirectUri, verifier } = pending
    return this.#token(
      { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier },
      options,
    )
  }

  /** RFC 6749 §6. */
  refresh(refreshToken: string, options: CallOptions = {}): Promise<Answer> {
    return this.#token({ grant_type: 'refresh_token', refresh_token: refreshToken }, options)
  }

  /** RFC 6749 §4.4. */
  clientCredentials(scope?: string, options: CallOptions = {}): Promise<Answer> {
    return this.#token({ grant_type: 'client_credentials', scope }, options)
  }

  /** RFC 7662 §2.1, as a resource server too. `headers.accept` asks for a signed answer (RFC 9701). */
  introspect(token: string, options: CallOptions = {}): Promise<Answer> {
    return this.caller.post(this.endpoint('introspection_endpoint'), { token }, options, false)
  }

  /** RFC 7009 §2.1. */
  revoke(token: string, options: CallOptions = {}): Promise<Answer> {
    return this.caller.post(this.endpoint('revocation_endpoint'), { token }, options, false)
  }

  /** OpenID Connect Core §5.3. */
  userinfo(accessToken: string, options: CallOptions = {}): Promise<Answer> {
    const url = this.endpoint('userinfo_endpoint')
    return this.caller.present({ server: 'authority', method: 'GET', url, accessToken }, options)
  }

  /** A path of the resource API, such as `/accounts`. */
  resource(path: string, accessToken: string, options: CallOptions = {}): Promise<Answer> {
    const url = this.resourceUrl(path)
    return this.caller.present({ server: 'gateway', method: 'GET', url, accessToken }, options)
  }

  /** Throws TypeError when this party was not told where the gateway is. */
  resourceUrl(path: string): string {
    const { gateway } = this.facts
    if (gateway === undefined) throw new TypeError('this third party was not told where the gateway is')
    return `${gateway.replace(/\/$/, '')}${path}`
  }

  /** The URL that a call to this endpoint, by its metadata name, goes to. */
  endpoint(name: string): string {
    return this.facts.server.endpoint(name, { mutualTls: this.#mutualTls })
  }

  #token(form: Parameters, options: CallOptions): Promise<Answer> {
    return this.caller.post(this.endpoint('token_endpoint'), form, options, true)
  }

  get #mutualTls(): boolean {
    return this.facts.variant === 'private_key_jwt-mtls'
  }
}
