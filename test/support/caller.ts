import type { Parameters } from './authorization-request.ts'
import { type AssertionParts, clientAssertion } from './client-assertion.ts'
import { dpopProof, type ProofParts } from './dpop-proof.ts'
import { errorOf } from './expect-answer.ts'
import type { ThirdPartyFacts } from './third-party-facts.ts'
import type { Answer, ClientCertificate, HeaderLines, OutgoingRequest } from './transport.ts'

/** What a call may do differently from an honest one; nothing given means honest. */
export interface CallOptions {
  /** Laid over the form's parameters; `undefined` leaves one out, an array repeats it. */
  readonly parameters?: Parameters
  /** `false` sends none, a text is sent verbatim. */
  readonly assertion?: AssertionParts | string | false
  /** `false` sends none; texts are sent verbatim, one header line each. */
  readonly proof?: ProofParts | string | readonly string[] | false
  readonly certificate?: ClientCertificate | false
  readonly headers?: HeaderLines
  /** Base URL of the process to connect to; Host and `htu` stay those of the endpoint. */
  readonly via?: string
  /** Instead of the endpoint that the metadata names. */
  readonly url?: string
  readonly method?: string
  /** The word before the token in `Authorization`. */
  readonly scheme?: string
}

/** Two servers as far as nonces go (RFC 9449 §8.2), even where they share a host. */
export type ProofTaker = 'authority' | 'gateway'

export interface ProofTarget {
  readonly server: ProofTaker
  readonly method: string
  readonly url: string
  readonly accessToken?: string
}

/** Sends a client's requests: authenticates, proves possession, keeps each server's newest DPoP nonce. */
export class Caller {
  readonly #facts: ThirdPartyFacts
  readonly #nonces = new Map<ProofTaker, string>()

  constructor(facts: ThirdPartyFacts) {
    this.#facts = facts
  }

  /** A form post with client authentication; with a proof of possession where `proves` says so. */
  post(url: string, form: Parameters, options: CallOptions, proves: boolean): Promise<Answer> {
    const to = { server: 'authority', method: options.method ?? 'POST', url: options.url ?? url } as const
    return this.#withNonce(to.server, options, () =>
      this.#send(to, options, {
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          accept: 'application/json',
          dpop: proves ? this.#proofFor(to, options) : undefined,
        },
        body: formBody({ ...form, ...this.#credentials(options), ...options.parameters }),
      }),
    )
  }

  /** A request with an access token in its header (RFC 6750 §2.1, RFC 9449 §7.1). */
  present(target: ProofTarget & { readonly accessToken: string }, options: CallOptions): Promise<Answer> {
    const to = { ...target, method: options.method ?? target.method, url: options.url ?? target.url }
    const scheme = options.scheme ?? (this.#usesDpop ? 'DPoP' : 'Bearer')
    return this.#withNonce(to.server, options, () =>
      this.#send(to, options, {
        headers: {
          accept: 'application/json',
          authorization: `${scheme} ${to.accessToken}`,
          dpop: this.#proofFor(to, options),
        },
      }),
    )
  }

  /** A client assertion to hand over. */
  assertion(parts: AssertionParts = {}): string {
    const { clientId, server, key, now } = this.#facts
    return clientAssertion({ clientId, issuer: server.issuer, key, now: now() }, parts)
  }

  /** A DPoP proof to hand over, with that server's newest nonce. */
  proof(to: ProofTarget, parts: ProofParts = {}): string {
    const nonce = this.#nonces.get(to.server)
    const { dpopKey: key, now } = this.#facts
    return dpopProof({ ...to, ...(nonce !== undefined && { nonce }), key, now: now() }, parts)
  }

  /** The newest nonce that server gave, if it gave any. */
  nonce(server: ProofTaker): string | undefined {
    return this.#nonces.get(server)
  }

  get #usesDpop(): boolean {
    return this.#facts.variant === 'private_key_jwt-dpop'
  }

  #credentials({ assertion }: CallOptions): Parameters {
    if (assertion === false) return {}
    return {
      client_id: this.#facts.clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: typeof assertion === 'string' ? assertion : this.assertion(assertion),
    }
  }

  #proofFor(to: ProofTarget, { proof }: CallOptions): string | readonly string[] | undefined {
    if (proof === false || (proof === undefined && !this.#usesDpop)) return undefined
    return isVerbatim(proof) ? proof : this.proof(to, proof)
  }

  #send(
    to: ProofTarget,
    options: CallOptions,
    request: { readonly headers: HeaderLines; readonly body?: string },
  ): Promise<Answer> {
    const certificate = options.certificate ?? this.#facts.certificate
    const outgoing: OutgoingRequest = {
      ...request,
      method: to.method,
      url: to.url,
      headers: { ...request.headers, ...options.headers },
      ...(options.via !== undefined && { via: options.via }),
      ...(certificate !== undefined && { certificate }),
    }
    return this.#facts.transport.send(outgoing)
  }

  /** RFC 9449 §8, §9: once more, everything made anew, when the server asks for its nonce. */
  async #withNonce(
    server: ProofTaker,
    options: CallOptions,
    attempt: () => Promise<Answer>,
  ): Promise<Answer> {
    const first = this.#learn(server, await attempt())
    if (!asksForNonce(first) || !canBeMadeAnew(options)) return first
    return this.#learn(server, await attempt())
  }

  #learn(server: ProofTaker, answer: Answer): Answer {
    const nonce = answer.headers['dpop-nonce']
    if (typeof nonce === 'string') this.#nonces.set(server, nonce)
    return answer
  }
}

function asksForNonce(answer: Answer): boolean {
  const asked = answer.status === 400 || answer.status === 401
  return asked && answer.headers['dpop-nonce'] !== undefined && errorOf(answer) === 'use_dpop_nonce'
}

function canBeMadeAnew({ proof, assertion }: CallOptions): boolean {
  return proof !== false && !isVerbatim(proof) && typeof assertion !== 'string'
}

function isVerbatim(proof: CallOptions['proof']): proof is string | readonly string[] {
  return typeof proof === 'string' || Array.isArray(proof)
}

function formBody(parameters: Parameters): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one]),
  )
  return new URLSearchParams(pairs).toString()
}
