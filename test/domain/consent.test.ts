import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  type AwaitingConsent,
  authorise,
  type Consent,
  isUsable,
  reject,
  revoke,
} from '../../src/domain/consent.ts'
import { Problem } from '../../src/domain/problem.ts'

const asked = new Date('2026-05-01T12:00:00Z')
const expires = new Date('2026-05-02T12:00:00Z')
const accounts = [{ accountId: 'a1', bankAccountId: 'b1' }]

const awaiting: AwaitingConsent = {
  id: 'c1',
  clientId: 'acme',
  kind: 'inline',
  state: 'awaiting',
  createdAt: asked,
  terms: { permissions: ['ReadBalances'], expiresAt: expires },
}

type Step = (consent: Consent, now: Date) => Consent
const steps: Readonly<Record<string, Step>> = {
  authorise: (consent, now) => authorise(consent, { customerId: 'cu1', accounts, grantId: 'c1' }, now),
  reject: (consent, now) => reject(consent, { reason: 'refused-by-customer' }, now),
  stop: (consent, now) => revoke(consent, 'stopped-by-customer', now),
  reuse: (consent, now) => revoke(consent, 'code-reuse', now),
}

/** Applies a step as a caller does: what is refused leaves everything as it was. */
function moved(consent: Consent, name: string, now: Date): Consent {
  try {
    return (steps[name] ?? assert.fail())(consent, now)
  } catch (error) {
    assert.ok(error instanceof Problem && error.code === 'wrong-state', String(error))
    return consent
  }
}

const walk = fc.array(
  fc.record({
    step: fc.constantFrom(...Object.keys(steps)),
    minutes: fc.integer({ min: 0, max: 3 * 24 * 60 }),
  }),
  { maxLength: 12 },
)

const inOrder = (moves: readonly { step: string; minutes: number }[]) =>
  moves
    .toSorted((a, b) => a.minutes - b.minutes)
    .map(({ step, minutes }) => ({ step, now: new Date(asked.getTime() + minutes * 60_000) }))

describe('a consent, whatever is done to it in whatever order', () => {
  it('is usable only while authorised, with customer, accounts and grant, and before it expires', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let consent: Consent = awaiting
        for (const { step, now } of inOrder(moves)) {
          consent = moved(consent, step, now)
          if (!isUsable(consent, now)) continue
          assert.equal(consent.state, 'authorised')
          assert.ok(now < consent.terms.expiresAt)
          assert.deepEqual([consent.customerId, consent.grantId], ['cu1', 'c1'])
          assert.ok(consent.accounts.length > 0)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('once closed is closed for ever, with the first reason and moment', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let consent: Consent = awaiting
        let closed: Consent | undefined
        for (const { step, now } of inOrder(moves)) {
          consent = moved(consent, step, now)
          if (closed !== undefined) assert.deepEqual(consent, closed)
          else if (consent.state === 'rejected' || consent.state === 'revoked') closed = consent
        }
      }),
      { numRuns: 500 },
    )
  })

  it('never changes what was asked', () => {
    fc.assert(
      fc.property(walk, (moves) => {
        let consent: Consent = awaiting
        for (const { step, now } of inOrder(moves)) consent = moved(consent, step, now)
        const { id, clientId, kind, createdAt, terms } = consent
        const { state: _state, ...before } = awaiting
        assert.deepEqual({ id, clientId, kind, createdAt, terms }, before)
      }),
    )
  })
})

describe('a consent', () => {
  const authorised = authorise(awaiting, { customerId: 'cu1', accounts, grantId: 'c1' }, asked)

  it('is not usable at the very moment it expires', () => {
    assert.equal(isUsable(authorised, new Date(expires.getTime() - 1)), true)
    assert.equal(isUsable(authorised, expires), false)
  })

  it('cannot be agreed to once it has expired', () => {
    assert.throws(() => authorise(awaiting, { customerId: 'cu1', accounts, grantId: 'c1' }, expires), {
      code: 'wrong-state',
    })
  })

  it('to share data needs an account; one for identity alone does not', () => {
    const by = { customerId: 'cu1', accounts: [], grantId: 'c1' }
    assert.throws(() => authorise(awaiting, by, asked), { code: 'wrong-state' })
    const identity = { ...awaiting, terms: { ...awaiting.terms, permissions: [] } }
    assert.equal(authorise(identity, by, asked).state, 'authorised')
  })

  it('is decided once: the second decision is refused, whichever it is', () => {
    const by = { customerId: 'cu2', accounts, grantId: 'c1' }
    assert.throws(() => authorise(authorised, by, asked), { code: 'wrong-state' })
    assert.throws(() => reject(authorised, { reason: 'refused-by-customer' }, asked), { code: 'wrong-state' })
  })

  it('that awaits or was rejected cannot be stopped; stopping twice changes nothing', () => {
    const rejected = reject(awaiting, { reason: 'refused-by-customer' }, asked)
    for (const consent of [awaiting, rejected])
      assert.throws(() => revoke(consent, 'stopped-by-customer', asked), { code: 'wrong-state' })
    const revoked = revoke(authorised, 'stopped-by-customer', asked)
    assert.equal(revoke(revoked, 'code-reuse', expires), revoked)
  })
})
