import assert from 'node:assert/strict'
import { agree, offeredAccounts } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { listOf, nicknames, share } from './shared.ts'

const DAY = 24 * 60 * 60 * 1000

const asking = (permissions: readonly string[], more: JsonObject = {}): JsonObject[] => [
  { type: 'account_access', permissions: [...permissions], ...more },
]

describe('a customer shares', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  it('two of three accounts, and the third party reads exactly those two', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const asked = await acme.ask()
    const page = await customer.arrive(browser, asked.url)
    assert.equal(offeredAccounts(page).length, 3)
    const tokens = await acme.collect(await agree(browser, page, { accounts: [0, 2] }), asked)

    const body = await acme.read('/accounts', tokens.accessToken)
    assert.deepEqual(nicknames(body), ['Everyday account', 'Savings account'])

    const ids = listOf(body, 'accounts').map(({ accountId }) => accountId)
    assert.deepEqual(tokens.authorizationDetails[0]?.accounts, ids)
    for (const id of ids) {
      const one = await acme.read(`/accounts/${String(id)}`, tokens.accessToken)
      assert.equal((one.account as JsonObject).accountId, id)
      const { balances } = await acme.read(`/accounts/${String(id)}/balances`, tokens.accessToken)
      assert.ok((balances as JsonObject[]).length > 0)
    }
  })

  it('and the account not chosen is to the third party as one that never was', async () => {
    const { accessToken } = await share(house, acme, { accounts: [0, 1] })
    const rows = await house.sql<{ account_id: string }>(
      "select account_id from account_alias where client_id = $1 and bank_account_id like '%-savings'",
      [acme.clientId],
    )
    const kept = rows.at(-1)?.account_id
    assert.ok(kept)
    for (const path of ['', '/balances', '/transactions']) {
      const refused = await acme.resource(`/accounts/${kept}${path}`, accessToken)
      const unknown = await acme.resource(`/accounts/${'0'.repeat(32)}${path}`, accessToken)
      assert.deepEqual([refused.status, refused.body], [unknown.status, unknown.body])
      assert.equal(refused.status, 403)
    }
  })

  it('names and types only, where Basic was agreed to', async () => {
    const details = asking(['ReadAccountsBasic'])
    const { accessToken } = await share(house, acme, { details })
    const [first] = listOf(await acme.read('/accounts', accessToken), 'accounts')
    assert.deepEqual(Object.keys(first ?? {}).sort(), ['accountId', 'currency', 'nickname', 'type'])
    for (const path of ['balances', 'transactions']) {
      const answer = await acme.resource(`/accounts/${String(first?.accountId)}/${path}`, accessToken)
      assert.deepEqual([answer.status, errorOf(answer)], [403, 'insufficient_scope'])
    }
  })

  it('holder and number too, where Detail was agreed to', async () => {
    const { accessToken } = await share(house, acme, { details: asking(['ReadAccountsDetail']) })
    const [first] = listOf(await acme.read('/accounts', accessToken), 'accounts')
    assert.match(String(first?.holderName), /\w+ \w+/)
    assert.match(JSON.stringify(first?.identification), /"value":"\d{14}"/)
  })

  it('amounts without names, where Basic transactions were agreed to', async () => {
    const basic = [
      'ReadAccountsBasic',
      'ReadTransactionsBasic',
      'ReadTransactionsDebits',
      'ReadTransactionsCredits',
    ]
    const rows = await transactionsOf(
      acme,
      await share(house, acme, { details: asking(basic), accounts: [0] }),
    )
    assert.ok(rows.length > 10)
    for (const row of rows) assert.ok(!('description' in row) && !('counterparty' in row))
  })

  it('the money coming in and none going out, where that was agreed to', async () => {
    const credits = ['ReadAccountsBasic', 'ReadTransactionsDetail', 'ReadTransactionsCredits']
    const rows = await transactionsOf(
      acme,
      await share(house, acme, { details: asking(credits), accounts: [0] }),
    )
    assert.ok(rows.length > 5)
    for (const { amount } of rows) assert.match(String(amount), /^\d/)
  })

  it('the transactions of a time, whatever the third party asks for', async () => {
    const at = (daysAgo: number) => new Date(Date.now() - daysAgo * DAY).toISOString()
    const window = { transactions_from: at(120), transactions_to: at(60) }
    const all = [
      'ReadAccountsBasic',
      'ReadTransactionsDetail',
      'ReadTransactionsCredits',
      'ReadTransactionsDebits',
    ]
    const shared = await share(house, acme, { details: asking(all, window), accounts: [0] })
    for (const query of ['', `?from=${at(300)}`, `?from=${at(300)}&to=${at(0)}`]) {
      const rows = await transactionsOf(acme, shared, query)
      assert.ok(rows.length > 10, `some transactions for "${query}"`)
      for (const { bookedAt } of rows) {
        assert.ok(String(bookedAt) >= window.transactions_from)
        assert.ok(String(bookedAt) <= window.transactions_to)
      }
    }
    assert.deepEqual(await transactionsOf(acme, shared, `?from=${at(50)}`), [])
  })

  it('what the page said, in its words', async () => {
    const customer = await house.customer()
    const details = asking(['ReadAccountsBasic', 'ReadTransactionsBasic', 'ReadTransactionsCredits'], {
      expires_at: new Date(Date.now() + 40 * DAY).toISOString(),
    })
    const page = await customer.arrive(house.browser(), (await acme.ask(details)).url)
    assert.match(page.text, /the name you gave the account, its type and its currency/)
    assert.match(page.text, /money coming in/)
    assert.doesNotMatch(page.text, /money going out|your account balance|number and sort code/)
    const until = new Date(Date.now() + 40 * DAY)
    assert.match(page.text, new RegExp(String(until.getUTCFullYear())))
  })
})

async function transactionsOf(
  party: ThirdParty,
  { accessToken }: { readonly accessToken: string },
  query = '',
): Promise<readonly JsonObject[]> {
  const [first] = listOf(await party.read('/accounts', accessToken), 'accounts')
  const path = `/accounts/${String(first?.accountId)}/transactions${query}`
  return listOf(await party.read(path, accessToken), 'transactions')
}
