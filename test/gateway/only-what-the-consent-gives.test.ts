import assert from 'node:assert/strict'
import { everyPermission, type House, type IssueChanges, NOW, openHouse, ticketOf } from './harness.ts'

describe('the gateway gives what the consent gives and nothing else', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())
  beforeEach(() => {
    house.now = NOW
    house.bank.seen.length = 0
    house.disclosures.length = 0
  })

  it('lists exactly the accounts of the consent, under the ids the third party knows', async () => {
    const token = house.issue()
    const reply = await house.get('/accounts', token)
    assert.equal(reply.status, 200)
    assert.deepEqual(
      reply.json.accounts.map((account: { accountId: string }) => account.accountId),
      ['A-two', 'A-one'],
    )
    assert.ok(!/"b-\d|total|balance/.test(reply.text), 'neither bank ids nor what nobody asked for')
    assert.deepEqual(house.disclosures, [
      {
        ticket: ticketOf(token),
        clientId: 'acme-budget',
        consentId: 'consent-1',
        endpoint: 'accounts',
        accountIds: ['A-two', 'A-one'],
        rows: 2,
        interactionId: reply.headers['x-fapi-interaction-id'],
      },
    ])
  })

  it('leaves out of the list what the bank no longer knows, no longer shares or knows no customer for', async () => {
    const consent = {
      accounts: [
        { accountId: 'A-gone', bankAccountId: 'b-9' },
        { accountId: 'A-one', bankAccountId: 'b-1' },
      ],
    }
    const reply = await house.get('/accounts', house.issue({ consent }))
    assert.deepEqual(
      reply.json.accounts.map((account: { accountId: string }) => account.accountId),
      ['A-one'],
    )
    const nobody = await house.get('/accounts', house.issue({ consent: { bankCustomerId: 'cust-404' } }))
    assert.deepEqual([nobody.status, nobody.json], [200, { accounts: [] }])
  })

  it('gives one account, its balances and its transactions', async () => {
    const token = house.issue()
    const account = await house.get('/accounts/A-one', token)
    assert.equal(account.json.account.accountId, 'A-one')
    assert.equal(account.json.account.holderName, 'Maya Lindqvist')
    const balances = await house.get('/accounts/A-one/balances', token)
    assert.equal(balances.json.balances[0].amount, '10.00')
    const transactions = await house.get('/accounts/A-one/transactions', token)
    assert.equal(transactions.json.transactions[0].description, 'secret t4')
    assert.deepEqual(
      house.bank.seen.map(({ target }) => target.replace(/\?.*/, '')),
      [
        'GET /core/customers/cust-1/accounts/b-1',
        'GET /core/customers/cust-1/accounts/b-1/balances',
        'GET /core/customers/cust-1/accounts/b-1/transactions',
      ],
    )
    assert.deepEqual(
      house.disclosures.map(({ endpoint, accountIds, rows }) => [endpoint, accountIds, rows]),
      [
        ['account', ['A-one'], 1],
        ['balances', ['A-one'], 1],
        ['transactions', ['A-one'], 4],
      ],
    )
  })

  it('gives one and the same answer for every account that is not of the consent', async () => {
    const gone = { accounts: [{ accountId: 'A-gone', bankAccountId: 'b-9' }] }
    const answers = []
    for (const what of ['', '/balances', '/transactions']) {
      for (const id of ['b-1', 'A-three', 'x.css', 'A-ONE', '0', 'a'.repeat(300)])
        answers.push(await house.get(`/accounts/${id}${what}`, house.issue()))
      answers.push(await house.get(`/accounts/A-gone${what}`, house.issue({ consent: gone })))
    }
    for (const { status, text } of answers) {
      assert.equal(status, 403)
      assert.equal(text, answers[0]?.text)
    }
    assert.equal(house.bank.seen.length, 3, 'the bank was asked for its lost account alone')
    assert.equal(house.disclosures.length, 0)
  })

  const doors: readonly (readonly [string, readonly string[]])[] = [
    ['/accounts', ['ReadBalances', 'ReadTransactionsDetail', 'ReadTransactionsCredits']],
    ['/accounts/A-one', ['ReadBalances', 'ReadTransactionsDetail', 'ReadTransactionsCredits']],
    ['/accounts/A-one/balances', everyPermission.filter((held) => held !== 'ReadBalances')],
    ['/accounts/A-one/transactions', ['ReadAccountsDetail', 'ReadBalances', 'ReadTransactionsCredits']],
  ]
  for (const [path, permissions] of doors)
    it(`refuses ${path} without its permission`, async () => {
      const reply = await house.get(path, house.issue({ permissions }))
      assert.deepEqual([reply.status, reply.json.error], [403, 'insufficient_scope'])
      assert.match(String(reply.headers['www-authenticate']), /error="insufficient_scope"/)
      assert.equal(house.bank.seen.length, 0)
    })

  it('gives Basic fields for Basic permissions', async () => {
    const permissions = ['ReadAccountsBasic', 'ReadTransactionsBasic', 'ReadTransactionsDebits']
    const token = house.issue({ permissions })
    assert.deepEqual((await house.get('/accounts/A-one', token)).json, {
      account: { accountId: 'A-one', type: 'current', currency: 'GBP', nickname: 'Account b-1' },
    })
    const { json } = await house.get('/accounts/A-one/transactions', token)
    assert.deepEqual(
      json.transactions.map((each: object) => Object.keys(each).sort()),
      [
        ['accountId', 'amount', 'bookedAt', 'currency', 'status', 'transactionId'],
        ['accountId', 'amount', 'bookedAt', 'currency', 'status', 'transactionId'],
      ],
    )
  })

  const ids = async (query: string, changes: IssueChanges = {}) => {
    const { json } = await house.get('/accounts/A-one/transactions', house.issue(changes), query)
    return json.transactions.map((each: { transactionId: string }) => each.transactionId)
  }

  it('gives credits or debits alone when one alone was agreed', async () => {
    const one = (direction: string) => ({ permissions: ['ReadTransactionsBasic', direction] })
    assert.deepEqual(await ids('', one('ReadTransactionsCredits')), ['t3', 't1'])
    assert.deepEqual(await ids('', one('ReadTransactionsDebits')), ['t4', 't2'])
    assert.deepEqual(
      house.disclosures.map(({ rows }) => rows),
      [2, 2],
      'what is recorded is what left',
    )
  })

  it('cuts the period to what was asked, to the consent and to now, though the bank gives more', async () => {
    const window = {
      consent: {
        transactionsFrom: new Date('2026-01-01T00:00:00Z'),
        transactionsTo: new Date('2026-05-01T00:00:00Z'),
      },
    }
    assert.deepEqual(await ids(''), ['t4', 't3', 't2', 't1'])
    assert.deepEqual(await ids('', window), ['t3', 't2'])
    assert.deepEqual(await ids('?from=2020-01-01T00:00:00Z&to=2030-01-01T00:00:00Z', window), ['t3', 't2'])
    assert.deepEqual(await ids('?from=2026-05-01T00:00:00Z'), ['t4', 't3'])
    assert.deepEqual(await ids('?to=2026-05-01T02:00:00%2B02:00'), ['t3', 't2', 't1'])
    assert.deepEqual(await ids('?to=2026-05-01T01:59:59.999%2B02:00'), ['t2', 't1'])
    const asked = house.bank.seen.map(({ target }) => new URL(target.slice(4), 'http://bank').searchParams)
    assert.deepEqual(Object.fromEntries(asked[2] ?? []), {
      from: '2026-01-01T00:00:00.000Z',
      to: '2026-05-01T00:00:00.000Z',
    })
    assert.equal(asked[0]?.get('to'), NOW.toISOString())
  })

  it('asks nobody when nothing of the period is left', async () => {
    const window = { consent: { transactionsTo: new Date('2026-05-01T00:00:00Z') } }
    assert.deepEqual(await ids('?from=2026-05-02T00:00:00Z', window), [])
    assert.equal(house.bank.seen.length, 0)
  })

  for (const query of [
    '?from=yesterday',
    '?from=2026-01-01',
    '?from=2026-01-01T00:00:00',
    '?from=2026-02-30T00:00:00Z',
    '?from=2026-13-01T00:00:00Z',
    '?from=2026-00-00T00:00:00Z',
    '?from=2026-01-01T24:00:01Z',
    '?from=2026-01-01T00:00:00+01:00',
    '?from=',
    '?from=2026-01-01T00:00:00Z&from=2026-01-01T00:00:00Z',
    '?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z',
    '?from=2026-01-01T00:00:00Z%00',
    '?page=2',
    '?FROM=2026-01-01T00:00:00Z',
    '?from[]=2026-01-01T00:00:00Z',
    '?access_token=abc',
  ])
    it(`refuses ${query} before it spends anything`, async () => {
      const spent = house.spent.size
      const reply = await house.get('/accounts/A-one/transactions', house.issue(), query)
      assert.deepEqual([reply.status, reply.json.error], [400, 'invalid_request'])
      assert.equal(house.spent.size, spent)
      assert.equal(house.bank.seen.length, 0)
    })

  it('refuses query parameters where there are none to give', async () => {
    const reply = await house.get('/accounts', house.issue(), '?from=2026-01-01T00:00:00Z')
    assert.equal(reply.status, 400)
  })

  it('gives one answer for a token that never was, one for another resource, and a refresh token', async () => {
    const never = await house.get('/accounts', 'A'.repeat(43))
    assert.equal(never.json.error, 'invalid_token')
    for (const token of [
      house.issue({ resource: 'https://payments.meridian.test' }),
      house.issue({ kind: 'refresh' }),
      'x',
    ]) {
      const reply = await house.get('/accounts', token)
      assert.deepEqual([reply.status, reply.text], [401, never.text])
    }
  })

  it('refuses a token that speaks for no customer', async () => {
    const token = house.issue({ kind: 'client-credentials', consent: 'none' })
    const reply = await house.get('/accounts', token)
    assert.deepEqual([reply.status, reply.json.error], [403, 'insufficient_scope'])
  })
})
