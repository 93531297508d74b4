import { createHash } from 'node:crypto'
import type { LiveToken } from '../domain/live-token.ts'
import { isUnavailable } from '../domain/problem.ts'
import type {
  Admission,
  AdmissionRequest,
  Admitted,
  Admitter,
  Disclosure,
  KnownRefusal,
  Refused,
} from './admitter.ts'
import { type DpopNonces, dpopNonces } from './dpop-nonces.ts'
import { PROOF_WINDOW, readProof, WrongProof } from './dpop-proof.ts'

/** What the judge needs from the house. Each may throw Problem `unavailable`. */
export interface AdmissionPorts {
  readonly tokens: {
    /** The token if it is good now, as of a read begun after this call; undefined for every other string. */
    live(token: string): Promise<LiveToken | undefined>
  }
  readonly replay: {
    /** True the first time only, however many ask at once, on every process; `key` is 32 bytes. */
    spend(key: Buffer, expiresAt: Date): Promise<boolean>
  }
  readonly disclosures: {
    /** Writes the audit row only while token, grant and consent are still live at `at`; false: none was written. */
    record(disclosure: Disclosure, at: Date): Promise<boolean>
  }
  readonly refusals: {
    record(refusal: KnownRefusal, at: Date): Promise<void>
  }
  /** 32 bytes, the same on every process (DESIGN: shared secrets). */
  readonly nonceSecret: Buffer
  /** The gateway's own resource indicator (RFC 8707): tokens for any other are refused. */
  readonly resource: string
  readonly now: () => Date
}

/** How much longer than its window a spent proof is remembered, for clocks that disagree. Seconds. */
const REPLAY_MARGIN = 180

/**
 * The judge of the gateway's requests. Everything that needs no memory is judged first; the proof's jti is spent
 * last, so that no refusal and no failure costs an honest client its proof (house invariant 9).
 */
export function openAdmission(ports: AdmissionPorts): Admitter {
  const nonces = dpopNonces(ports.nonceSecret, ports.now)
  return {
    admit: async (request) => {
      try {
        return await judge(request, ports, nonces)
      } catch (error) {
        if (error instanceof Refusal) return refused(error, request, nonces)
        if (isUnavailable(error)) return refused(unavailable, request, nonces)
        throw error
      }
    },
    disclosed: (disclosure) => ports.disclosures.record(disclosure, ports.now()),
    refused: (refusal) => ports.refusals.record(refusal, ports.now()),
  }
}

class Refusal extends Error {
  readonly status: Refused['status']
  readonly error: Refused['error']

  constructor(status: Refused['status'], error: Refused['error'], description: string) {
    super(description)
    this.status = status
    this.error = error
  }
}

const unavailable = new Refusal(
  503,
  'temporarily_unavailable',
  'The request could not be checked now; please try again.',
)
/** One answer for a token that never was, died, is of another kind or is for another resource (threats B11, E13). */
const dead = new Refusal(401, 'invalid_token', 'The access token is not active.')

async function judge(
  request: AdmissionRequest,
  ports: AdmissionPorts,
  nonces: DpopNonces,
): Promise<Admitted> {
  if (request.scheme === 'DPoP' && request.proof === undefined)
    throw wrongProof('The DPoP scheme needs a DPoP header with a proof.')
  const token = await ports.tokens.live(request.token)
  if (token === undefined || token.kind === 'refresh' || token.resource !== ports.resource) throw dead
  try {
    return await judgeHolder(request, token, ports, nonces)
  } catch (error) {
    // A proof without a fresh nonce is how every conversation begins; it is nobody's fault.
    if (error instanceof Refusal && error.error !== 'use_dpop_nonce')
      await ports.refusals.record(knownRefusal(request, token, error), ports.now())
    throw error
  }
}

function knownRefusal(request: AdmissionRequest, token: LiveToken, { error }: Refusal): KnownRefusal {
  const { interactionId } = request
  const known = { clientId: token.clientId, error, interactionId }
  return token.consent === undefined ? known : { ...known, consentId: token.consent.id }
}

async function judgeHolder(
  request: AdmissionRequest,
  token: LiveToken,
  ports: AdmissionPorts,
  nonces: DpopNonces,
): Promise<Admitted> {
  const proof = await proofOfPossession(request, token, ports.now())
  const freshness = proof && nonceOf(proof.nonce, nonces)
  const admitted = whatItOpens(request, token)
  if (proof !== undefined) await spend(proof, ports)
  return freshness === 'good' ? { ...admitted, nonce: nonces.newest() } : admitted
}

/** RFC 9449 §7.1 and RFC 8705 §3: the holder's key, by the binding the token has and by no other. */
async function proofOfPossession(request: AdmissionRequest, token: LiveToken, now: Date) {
  if ('jkt' in token.confirmation) {
    if (request.scheme !== 'DPoP' || request.proof === undefined)
      throw bindingWrong(
        'This access token is bound to a DPoP key: send it with the DPoP scheme and a proof.',
      )
    const proof = await readProof(request.proof, request, now).catch(asRefusal)
    if (proof.jkt !== token.confirmation.jkt)
      throw bindingWrong('The DPoP proof was made with another key than the access token is bound to.')
    return proof
  }
  if (request.scheme !== 'Bearer')
    throw bindingWrong('This access token is bound to a certificate: send it with the Bearer scheme.')
  if (request.certificateThumbprint !== token.confirmation['x5t#S256'])
    throw bindingWrong('The connection does not carry the certificate that the access token is bound to.')
  return undefined
}

function nonceOf(nonce: string | undefined, nonces: DpopNonces): 'newest' | 'good' {
  const freshness = nonce === undefined ? undefined : nonces.check(nonce)
  if (freshness === undefined)
    throw new Refusal(
      401,
      'use_dpop_nonce',
      'Put the nonce of this answer into the DPoP proof and try again.',
    )
  return freshness
}

function whatItOpens(request: AdmissionRequest, { consent, clientId, scope }: LiveToken): Admitted {
  if (consent === undefined)
    throw new Refusal(403, 'insufficient_scope', 'The access token speaks for no customer.')
  return {
    admitted: true,
    ticket: createHash('sha256').update(request.token).digest('base64url'),
    clientId,
    scope,
    consent: {
      id: consent.id,
      permissions: consent.permissions,
      accounts: consent.accounts,
      expiresAt: consent.expiresAt,
      ...(consent.transactionsFrom && { transactionsFrom: consent.transactionsFrom }),
      ...(consent.transactionsTo && { transactionsTo: consent.transactionsTo }),
      bankCustomerId: consent.bankCustomerId,
    },
  }
}

/** RFC 9449 §11.1: a proof counts once. The key's name keeps it apart from every other one-time thing. */
async function spend(
  proof: { readonly jkt: string; readonly jti: string; readonly issuedAt: Date },
  ports: AdmissionPorts,
): Promise<void> {
  const key = createHash('sha256').update(`dpop-resource\0${proof.jkt}\0${proof.jti}`).digest()
  const forgottenAt = new Date(proof.issuedAt.getTime() + (PROOF_WINDOW + REPLAY_MARGIN) * 1000)
  if (!(await ports.replay.spend(key, forgottenAt))) throw wrongProof('The DPoP proof was used before.')
}

function refused(refusal: Refusal, request: AdmissionRequest, nonces: DpopNonces): Admission {
  return {
    admitted: false,
    status: refusal.status,
    error: refusal.error,
    description: refusal.message,
    ...(request.scheme === 'DPoP' && { nonce: nonces.newest() }),
  }
}

function asRefusal(error: unknown): never {
  if (error instanceof WrongProof) throw wrongProof(error.message)
  throw error
}

function wrongProof(description: string): Refusal {
  return new Refusal(401, 'invalid_dpop_proof', description)
}

function bindingWrong(description: string): Refusal {
  return new Refusal(401, 'invalid_token', description)
}
