import assert from 'node:assert/strict'
import type { Consent } from '../../src/domain/consent.ts'
import { type DeadReason, judge, judgeGrant, type TokenRecord } from '../../src/domain/live-token.ts'

const now = new Date('2026-05-01T12:00:00Z')
const later = new Date('2026-05-01T12:05:00Z')
const tomorrow = new Date('2026-05-02T12:00:00Z')

const consent: Consent = {
  id: 'c1',
  clientId: 'acme',
  kind: 'inline',
  state: 'authorised',
  createdAt: now,
  terms: { permissions: ['ReadBalances'], expiresAt: tomorrow },
  customerId: 'cu1',
  accounts: [{ accountId: 'a1', bankAccountId: 'b1' }],
  grantId: 'c1',
  authorisedAt: now,
}

const good = {
  kind: 'access',
  clientId: 'acme',
  issuedAt: now,
  expiresAt: later,
  scope: 'accounts',
  resource: 'https://api.test',
  confirmation: { jkt: 'thumb' },
  standing: 'active',
  grant: { id: 'c1', consent },
  subject: 'sub1',
  bankCustomerId: 'bank1',
  customerActive: true,
} as const satisfies TokenRecord

const without = (name: keyof TokenRecord): TokenRecord => {
  const { [name]: _left, ...rest } = good as TokenRecord
  return rest as TokenRecord
}
const closed = (state: 'rejected' | 'revoked'): Consent =>
  ({ ...consent, state, closedAt: now, reason: 'stopped-by-customer' }) as Consent

describe('the judge of tokens', () => {
  it('lets a good one live, with its consent and nothing of the bank that a third party could see', () => {
    const verdict = judge(good, now)
    assert.ok(typeof verdict === 'object')
    assert.equal(verdict.consent?.id, 'c1')
    assert.equal(verdict.consent?.bankCustomerId, 'bank1')
    assert.equal(verdict.subject, 'sub1')
  })

  const dead: readonly (readonly [string, TokenRecord, DeadReason])[] = [
    ['one that was revoked', { ...good, revokedAt: now }, 'revoked'],
    ['one that was revoked a moment ahead of our clock', { ...good, revokedAt: later }, 'revoked'],
    ['one that expires now', { ...good, expiresAt: now }, 'expired'],
    ['one that is bound to nobody', without('confirmation'), 'unbound'],
    ['one of a suspended third party', { ...good, standing: 'suspended' }, 'third-party-not-active'],
    ['one of a removed third party', { ...good, standing: 'removed' }, 'third-party-not-active'],
    ['an access token that hangs on nothing', without('grant'), 'grant-ended'],
    ['one whose grant ended', { ...good, grant: { ...good.grant, endedAt: now } }, 'grant-ended'],
    [
      'one whose consent still awaits',
      { ...good, grant: { id: 'c1', consent: { ...consent, state: 'awaiting' } as Consent } },
      'consent-not-usable',
    ],
    [
      'one whose consent was rejected',
      { ...good, grant: { id: 'c1', consent: closed('rejected') } },
      'consent-not-usable',
    ],
    [
      'one whose consent was revoked',
      { ...good, grant: { id: 'c1', consent: closed('revoked') } },
      'consent-not-usable',
    ],
    [
      'one whose consent expires now',
      {
        ...good,
        grant: { id: 'c1', consent: { ...consent, terms: { ...consent.terms, expiresAt: now } } },
      },
      'consent-not-usable',
    ],
    ['one of a blocked customer', { ...good, customerActive: false }, 'customer-not-active'],
    ['one whose customer is not known to be active', without('customerActive'), 'customer-not-active'],
    ['one without subject', without('subject'), 'customer-not-active'],
    ['one without a customer at the bank', without('bankCustomerId'), 'customer-not-active'],
  ]
  for (const [what, record, reason] of dead)
    it(`lets ${what} die: ${reason}`, () => assert.equal(judge(record, now), reason))

  it('lets client credentials live without a consent while their party is active', () => {
    const own: TokenRecord = { ...without('grant'), kind: 'client-credentials' }
    const verdict = judge(own, now)
    assert.ok(typeof verdict === 'object')
    assert.equal(verdict.consent, undefined)
    assert.equal(judge({ ...own, standing: 'suspended' }, now), 'third-party-not-active')
  })

  it('asks a grant the same questions', () => {
    assert.equal(judgeGrant(good, now), consent)
    assert.equal(judgeGrant({ ...good, standing: 'removed' }, now), 'third-party-not-active')
    assert.equal(judgeGrant({ ...good, customerActive: false }, now), 'customer-not-active')
    assert.equal(judgeGrant({ ...good, grant: { ...good.grant, endedAt: now } }, now), 'grant-ended')
  })
})
