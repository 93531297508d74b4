import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Problem } from '../../src/domain/problem.ts'
import type { Json, JsonObject } from '../../src/domain/third-party.ts'
import { fapi2 } from '../../src/profiles/fapi2/index.ts'
import type { BankAccount, BankTransaction } from '../../src/profiles/profile.ts'

const now = new Date('2026-05-01T12:00:00Z')
const whole: JsonObject = {
  type: 'account_access',
  permissions: [
    'ReadAccountsDetail',
    'ReadBalances',
    'ReadTransactionsDetail',
    'ReadTransactionsCredits',
    'ReadTransactionsDebits',
  ],
}

const askFor = (scope: readonly string[], details: readonly JsonObject[]) =>
  fapi2.consentRequest({ scope, authorizationDetails: details }, now)
const termsOf = (scope: readonly string[], details: readonly JsonObject[]) => {
  const request = askFor(scope, details)
  assert.ok(request.kind === 'inline')
  return request.terms
}

describe('authorization_details of type account_access (RFC 9396 §5)', () => {
  const refused: Readonly<Record<string, JsonObject>> = {
    'another type': { ...whole, type: 'payment_initiation' },
    'no type': { permissions: ['ReadBalances'] },
    'an unknown field': { ...whole, actions: ['read'] },
    'a field that objects inherit': { ...whole, toString: 'x' } as JsonObject,
    'no permissions': { type: 'account_access' },
    'an empty list of permissions': { ...whole, permissions: [] },
    'permissions that are a text': { ...whole, permissions: 'ReadBalances' },
    'an unknown permission': { ...whole, permissions: ['ReadAccountsBasic', 'ReadEverything'] },
    'a permission that objects inherit': { ...whole, permissions: ['ReadAccountsBasic', 'constructor'] },
    'a permission in another case': { ...whole, permissions: ['readaccountsbasic'] },
    'a permission twice': { ...whole, permissions: ['ReadAccountsBasic', 'ReadAccountsBasic'] },
    'balances without accounts': { ...whole, permissions: ['ReadBalances'] },
    'transactions without direction': {
      ...whole,
      permissions: ['ReadAccountsBasic', 'ReadTransactionsBasic'],
    },
    'a direction without transactions': {
      ...whole,
      permissions: ['ReadAccountsBasic', 'ReadTransactionsCredits'],
    },
    'no account in a list of accounts': { ...whole, accounts: [] },
    'an account that is no id': { ...whole, accounts: ['../../etc'] },
    'an account twice': { ...whole, accounts: ['a', 'a'] },
    'an account that is a number': { ...whole, accounts: [7] },
    'an end in the past': { ...whole, expires_at: '2026-05-01T11:59:59Z' },
    'an end at this very moment': { ...whole, expires_at: '2026-05-01T12:00:00Z' },
    'an end in three years': { ...whole, expires_at: '2029-05-01T12:00:00Z' },
    'an end that is a day': { ...whole, expires_at: '2026-06-01' },
    'an end without a zone': { ...whole, expires_at: '2026-06-01T00:00:00' },
    'an end on a day that is none': { ...whole, expires_at: '2026-13-41T00:00:00Z' },
    'an end that is a number': { ...whole, expires_at: 1_800_000_000 },
    'an end that is null': { ...whole, expires_at: null },
    'a period that ends before it begins': {
      ...whole,
      transactions_from: '2026-02-01T00:00:00Z',
      transactions_to: '2026-01-01T00:00:00Z',
    },
  }
  for (const [what, detail] of Object.entries(refused))
    it(`are refused with ${what}`, () => {
      for (const read of [
        () => fapi2.validateDetail(detail, now),
        () => askFor(['openid', 'accounts'], [detail]),
      ])
        assert.throws(read, { name: 'Problem', code: 'invalid-authorization-details' })
    })

  it('are read whole', () => {
    const terms = termsOf(
      ['openid', 'accounts'],
      [
        {
          ...whole,
          accounts: ['acc-1', 'acc_2'],
          expires_at: '2026-08-01T00:00:00+02:00',
          transactions_from: '2026-01-01T00:00:00Z',
          transactions_to: '2026-06-01T00:00:00.123456Z',
        },
      ],
    )
    assert.deepEqual(terms, {
      permissions: whole.permissions,
      requestedAccounts: ['acc-1', 'acc_2'],
      expiresAt: new Date('2026-07-31T22:00:00Z'),
      transactionsFrom: new Date('2026-01-01T00:00:00Z'),
      transactionsTo: new Date('2026-06-01T00:00:00.123Z'),
    })
  })

  it('mean one consent: two in one request are refused', () => {
    assert.throws(() => askFor(['openid'], [whole, whole]), { code: 'invalid-authorization-details' })
  })

  it('when absent mean the default bundle for scope accounts, and identity alone without it', () => {
    const days = (expiresAt: Date) => (expiresAt.getTime() - now.getTime()) / 86_400_000
    const bundle = termsOf(['openid', 'accounts'], [])
    assert.deepEqual(bundle.permissions, whole.permissions)
    assert.equal(days(bundle.expiresAt), 180)
    assert.deepEqual(termsOf(['openid'], []).permissions, [])
  })

  it('of any shape are read or refused in a sentence, and never throw anything else', () => {
    const anything = fc.dictionary(
      fc.oneof(fc.constantFrom('type', 'permissions', 'accounts', 'expires_at', '__proto__'), fc.string()),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(anything, (detail) => {
        try {
          fapi2.validateDetail({ type: 'account_access', ...detail } as JsonObject, now)
        } catch (error) {
          assert.ok(error instanceof Problem && error.code === 'invalid-authorization-details', String(error))
          assert.match(error.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('come back enriched with the accounts that were chosen (§7.1), and not at all for identity alone', () => {
    const terms = termsOf(['openid', 'accounts'], [whole])
    assert.deepEqual(fapi2.grantedDetails(terms, ['a1', 'a2']), [
      { ...whole, accounts: ['a1', 'a2'], expires_at: terms.expiresAt.toISOString() },
    ])
    assert.deepEqual(fapi2.grantedDetails({ ...terms, permissions: [] }, []), [])
  })
})

describe('what the customer reads of the permissions (Open Banking CEG §3.2.3)', () => {
  const words = (permissions: readonly string[]) =>
    fapi2.clusters(permissions).flatMap(({ sentences }) => sentences)

  it('names Detail instead of Basic, never both', () => {
    assert.deepEqual(words(['ReadAccountsBasic', 'ReadAccountsDetail']), words(['ReadAccountsDetail']))
    assert.notDeepEqual(words(['ReadAccountsBasic']), words(['ReadAccountsDetail']))
  })

  it('names a direction only when it is one alone', () => {
    const both = ['ReadTransactionsBasic', 'ReadTransactionsCredits', 'ReadTransactionsDebits']
    assert.equal(words(both).length, 1)
    assert.ok(words(both.slice(0, 2)).includes('money coming in'))
  })

  const canBeAsked = (permissions: readonly string[]): boolean => {
    try {
      fapi2.validateDetail({ type: 'account_access', permissions }, now)
      return true
    } catch {
      return false
    }
  }

  it('says something for every set that can be asked for, and nothing that is not in it', () => {
    const all = whole.permissions as string[]
    fc.assert(
      fc.property(fc.subarray(['ReadAccountsBasic', 'ReadTransactionsBasic', ...all]), (held) => {
        fc.pre(canBeAsked(held))
        for (const sentence of words(held)) {
          const alone = [...new Set(['ReadAccountsBasic', 'ReadTransactionsBasic', ...all])].filter((one) =>
            words([one]).includes(sentence),
          )
          assert.ok(
            alone.some((one) => held.includes(one)),
            sentence,
          )
        }
        assert.ok(words(held).length > 0)
      }),
    )
  })
})

describe('what leaves for the third party', () => {
  const account = {
    accountId: 'bank-1',
    type: 'current',
    currency: 'GBP',
    nickname: 'Everyday',
    holderName: 'Alex Doe',
    identification: { scheme: 'sort-code-account-number', value: '11223312345678' },
    openedOn: '2019-01-01',
    shareable: true,
    balance: { type: 'booked', amount: '1.00', currency: 'GBP', at: '2026-05-01T00:00:00Z' },
    // What the bank adds tomorrow stays at the bank.
    creditScore: 812,
  } as BankAccount
  const transaction = (amount: string): BankTransaction => ({
    transactionId: `t${amount}`,
    bookedAt: '2026-04-30T10:00:00Z',
    amount,
    currency: 'GBP',
    status: 'booked',
    description: 'Coffee',
    counterparty: { name: 'Cafe', account: '99' },
    ...({ terminal: 'secret' } as object),
  })
  const text = (value: Json) => JSON.stringify(value)

  it('of an account is Basic or Detail, and never the bank’s own id or a field nobody named', () => {
    const answer = { kind: 'account', id: 'a1', account } as const
    const basic = text(fapi2.disclose(answer, ['ReadAccountsBasic']))
    const detail = text(fapi2.disclose(answer, ['ReadAccountsDetail']))
    assert.doesNotMatch(basic, /Alex|11223312345678/)
    assert.match(detail, /Alex Doe.*11223312345678/)
    for (const body of [basic, detail]) assert.doesNotMatch(body, /bank-1|812|2019|1\.00/)
  })

  it('of transactions is the directions that are held', () => {
    const transactions = ['5.00', '-7.00', '0.00', '-0.01'].map(transaction)
    const amounts = (permissions: readonly string[]) => {
      const body = fapi2.disclose({ kind: 'transactions', id: 'a1', transactions }, permissions) as {
        transactions: { amount: string }[]
      }
      return body.transactions.map(({ amount }) => amount)
    }
    assert.deepEqual(amounts(['ReadTransactionsBasic', 'ReadTransactionsCredits']), ['5.00', '0.00'])
    assert.deepEqual(amounts(['ReadTransactionsBasic', 'ReadTransactionsDebits']), ['-7.00', '-0.01'])
    assert.deepEqual(amounts(['ReadTransactionsBasic']), [])
  })

  it('of transactions tells who and what for to Detail alone', () => {
    const answer = { kind: 'transactions', id: 'a1', transactions: [transaction('5.00')] } as const
    const both = ['ReadTransactionsCredits', 'ReadTransactionsDebits']
    assert.doesNotMatch(
      text(fapi2.disclose(answer, ['ReadTransactionsBasic', ...both])),
      /Coffee|Cafe|secret/,
    )
    const detail = text(fapi2.disclose(answer, ['ReadTransactionsDetail', ...both]))
    assert.match(detail, /Coffee.*Cafe/)
    assert.doesNotMatch(detail, /secret/)
  })
})
