import Provider, { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider'
import { ABSOLUTE_SECONDS } from '../domain/customer.ts'
import { judgeGrant, type TokenKind } from '../domain/live-token.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { Clients } from './clients.ts'
import { consentRequested } from './consent-requested.ts'
import { refusalTakesEffect } from './decided.ts'
import { grantEnded } from './grant-ended.ts'
import type { GrantFacts, Ledger, StoredInteraction } from './ports.ts'
import type { Registrations } from './registrations.ts'
import { sealed, unsealed } from './sealed.ts'
import { unitOfWork, unitOfWorkIfAny } from './unit-of-work.ts'

/** What the adapter is made of. */
export interface AdapterParts {
  readonly ledger: Ledger
  readonly clients: Clients
  readonly registrations: Registrations
  readonly now: () => Date
}

/**
 * The engine's storage. Writes join the request's unit of work; reads see what is committed. Only hashes of tokens,
 * codes, request URIs and interaction ids are kept. A spent thing is still found, so that reuse is recognised.
 */
export function openAdapter(parts: AdapterParts): AdapterFactory {
  const shelves: Readonly<Record<string, Adapter>> = {
    Client: clientShelf(parts),
    AccessToken: tokenShelf(parts, 'access'),
    RefreshToken: tokenShelf(parts, 'refresh'),
    ClientCredentials: tokenShelf(parts, 'client-credentials'),
    AuthorizationCode: oneTimeShelf(parts, 'code'),
    PushedAuthorizationRequest: oneTimeShelf(parts, 'pushed-request'),
    Interaction: interactionShelf(parts),
    Grant: grantShelf(parts),
    // A new consent asks for strong authentication anew (DESIGN §7.15): the engine's session lives for one request.
    Session: shelf({ upsert: async () => undefined, destroy: async () => undefined }),
  }
  return (name) => shelves[name] ?? shelf({})
}

/** Whatever an engine feature wants that we have not considered fails loudly instead of being forgotten. */
function shelf(methods: Partial<Adapter>): Adapter {
  const refused = async (): Promise<never> => {
    throw new Error('this kind of artefact is not stored here')
  }
  return {
    find: async () => undefined,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: refused,
    consume: refused,
    destroy: refused,
    revokeByGrantId: async () => undefined,
    ...methods,
  }
}

function clientShelf({ clients, registrations }: AdapterParts): Adapter {
  return shelf({
    // The stored metadata is what the engine itself accepted at registration.
    find: async (id) => (await clients.find(id))?.metadata as AdapterPayload | undefined,
    upsert: (id, payload) => registrations.register(id, payload as JsonObject),
  })
}

function tokenShelf({ ledger, now }: AdapterParts, kind: TokenKind): Adapter {
  return shelf({
    find: async (value) => {
      const stored = await ledger.findToken(value)
      if (stored === undefined || stored.record.kind !== kind || stored.record.revokedAt) return undefined
      rememberGrant(stored.record, stored.grantPayload)
      return restored(stored.payload, value)
    },
    upsert: async (value, payload) => {
      const { iat, exp, clientId, grantId } = payload
      unitOfWork().change(
        `token ${value}`,
        ledger.insertToken({
          value,
          kind,
          clientId: present(clientId),
          ...(grantId !== undefined && { grantId }),
          issuedAt: new Date(present(iat) * 1000),
          expiresAt: new Date(present(exp) * 1000),
          payload: stripped(payload),
        }),
      )
    },
    destroy: async (value) => {
      const unit = unitOfWork()
      unit.change(`token ${value}`, ledger.revokeToken(value, now()))
      // The end of a refresh token ends its consent, which is told as that (grant-ended.ts).
      if (kind === 'refresh') return
      const record = (await ledger.findToken(value))?.record
      const { grant, clientId } = record ?? {}
      unit.tell({
        type: 'token.revoked',
        actor: 'third-party',
        at: now(),
        ...(clientId && { clientId }),
        ...(grant && { consentId: grant.id }),
        facts: { kind },
      })
    },
    revokeByGrantId:
      kind === 'access'
        ? (grantId) => grantEnded(ledger, grantId, now())
        : // Ending the grant ends all that hangs on it; once is enough.
          async () => undefined,
  })
}

function oneTimeShelf({ ledger, now }: AdapterParts, kind: 'code' | 'pushed-request'): Adapter {
  // Kept as long as reuse must be recognised: a pushed request as long as its interaction may last (RFC 9126 §7.3),
  // a code as long as a late second use tells of a theft.
  const keepSeconds = kind === 'code' ? 24 * 60 * 60 : ABSOLUTE_SECONDS + 120
  return shelf({
    find: async (value) => {
      const stored = await ledger.findOneTime(kind, value)
      if (stored === undefined) return undefined
      // The engine minds a used request_uri only on the way back, after the customer has signed in for nothing.
      const opens = kind === 'pushed-request' && Provider.ctx?.oidc.route === 'authorization'
      if (stored.consumedAt && opens) return undefined
      if (stored.grant) rememberGrant(stored.grant, stored.grantPayload)
      const consumed = stored.consumedAt && Math.floor(stored.consumedAt.getTime() / 1000)
      if (consumed === undefined) return restored(stored.payload, value)
      // The engine looks at the expiry of a code before it looks at its use; a used one is shown as not expired, so
      // that a late second use is still recognised for what it is (threats A16).
      const exp = Math.floor(now().getTime() / 1000) + 60
      return { ...restored(stored.payload, value), ...(kind === 'code' && { exp }), consumed }
    },
    upsert: async (value, payload) => {
      const expiresAt = new Date(present(payload.exp) * 1000)
      unitOfWork().change(
        `${kind} ${value}`,
        ledger.insertOneTime({
          kind,
          value,
          ...(payload.grantId !== undefined && { grantId: payload.grantId }),
          payload: stripped(payload),
          expiresAt,
          keepUntil: new Date(expiresAt.getTime() + keepSeconds * 1000),
        }),
      )
    },
    consume: async (value) =>
      unitOfWork().change(`${kind} ${value}`, ledger.consumeOneTime(kind, value, now())),
  })
}

function interactionShelf(parts: AdapterParts): Adapter {
  const { ledger, now } = parts
  return shelf({
    find: async (uid) => {
      const stored = await ledger.findInteraction(uid, now())
      if (stored === undefined || stored.finishedAt !== undefined || stored.expiresAt <= now())
        return undefined
      const unit = unitOfWorkIfAny()
      if (unit) unit.interaction = { uid, stored }
      const { parBox, ...payload } = stored.payload
      return {
        ...restored(payload, uid),
        ...(typeof parBox === 'string' && { parJti: unsealed(uid, parBox) }),
        ...resultOf(stored),
      }
    },
    upsert: async (uid, payload) => {
      // The way back holds the uid; it is made anew where it is needed (interactions.ts).
      const { parJti, result, lastSubmission, session, returnTo, ...kept } = payload
      const consent = consentRequested()
      unitOfWork().change(`consent ${consent.id}`, ledger.insertConsent(consent))
      unitOfWork().change(
        `interaction ${uid}`,
        ledger.insertInteraction({
          uid,
          clientId: consent.clientId,
          consentId: consent.id,
          payload: { ...stripped(kept), ...(parJti !== undefined && { parBox: sealed(uid, parJti) }) },
          now: now(),
        }),
      )
    },
    destroy: async (uid) => {
      const unit = unitOfWork()
      unit.change(`interaction ${uid}`, ledger.finishInteraction(uid, now()))
      const stored = unit.interaction?.stored
      if (stored?.decision?.kind !== 'refused') return
      await refusalTakesEffect(ledger, stored, now())
      // A refused request is as finished as a granted one: its request_uri opens no further page (RFC 9126 §7.3).
      const { parBox } = stored.payload
      if (typeof parBox !== 'string') return
      const pushed = unsealed(uid, parBox)
      unit.change(`pushed-request ${pushed}`, ledger.consumeOneTime('pushed-request', pushed, now()))
    },
  })
}

/** The engine reads the customer's decision out of our own columns; it never writes one. */
function resultOf({
  decision,
  customerId,
  authenticatedAt,
  amr,
}: StoredInteraction): Partial<AdapterPayload> {
  if (decision === undefined) return {}
  if (decision.kind === 'refused')
    return { result: { error: 'access_denied', error_description: 'the customer did not agree to share' } }
  if (customerId === undefined || authenticatedAt === undefined) return {}
  const ts = Math.floor(authenticatedAt.getTime() / 1000)
  return { result: { login: { accountId: customerId, remember: false, amr: [...amr], ts }, consent: {} } }
}

function grantShelf({ ledger, now }: AdapterParts): Adapter {
  return shelf({
    // A grant whose consent, third party or customer is not good any more is not there (DESIGN §1.5).
    find: async (id) => {
      const known = unitOfWorkIfAny()?.grants.get(id) ?? (await ledger.findGrant(id))
      if (known?.facts.grant === undefined || known.payload === undefined) return undefined
      const verdict = judgeGrant({ ...known.facts, grant: known.facts.grant }, now())
      return typeof verdict === 'string' ? undefined : restored(known.payload, id)
    },
    upsert: async (id, payload) =>
      unitOfWork().change(
        `grant ${id}`,
        ledger.insertGrant({
          id,
          clientId: present(payload.clientId),
          expiresAt: new Date(present(payload.exp) * 1000),
          payload: stripped(payload),
        }),
      ),
  })
}

function rememberGrant(facts: GrantFacts['facts'], payload: JsonObject | undefined): void {
  if (facts.grant === undefined) return
  unitOfWorkIfAny()?.grants.set(facts.grant.id, { facts, ...(payload && { payload }) })
}

/** The raw id is the secret itself: it is never part of what is kept. */
function stripped({ jti, ...payload }: AdapterPayload): JsonObject {
  return payload as JsonObject
}

function restored(payload: JsonObject, jti: string): AdapterPayload {
  // What was stored came from the engine; it is handed back as it was.
  return { ...payload, jti } as AdapterPayload
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new errors.InvalidRequest('an artefact lacks what every one of its kind has')
  return value
}
