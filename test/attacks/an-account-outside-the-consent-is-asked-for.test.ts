import assert from 'node:assert/strict'
import { offeredAccounts } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { objectsMember, textMember } from '../support/json.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { sharedAccounts } from './shared-accounts.ts'

describe('an account outside the consent is asked for', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  const idsOf = async (accessToken: string): Promise<readonly string[]> => {
    const body = await acme.read('/accounts', accessToken)
    return objectsMember(body, 'accounts', '/accounts').map((one) =>
      textMember(one, 'accountId', 'an account'),
    )
  }

  /** Everything of an answer that a curious third party could tell apart. */
  const seen = ({ status, body, headers }: Answer) => {
    const { date, 'x-fapi-interaction-id': id, 'dpop-nonce': nonce, ...rest } = headers
    return { status, body: body.replaceAll(String(id), 'ID'), headers: rest }
  }

  it('the customer’s own other one, another customer’s, another consent’s, or none: one answer for all', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const page = await customer.arrive(browser, (await acme.ask()).url)
    const [, , unticked] = offeredAccounts(page).map(({ value }) => value)

    const mine = await sharedAccounts(house, acme, { customer, accounts: [0, 1] })
    const theirs = await sharedAccounts(house, acme)
    const [shared = ''] = await idsOf(mine.accessToken)
    const [foreign = ''] = await idsOf(theirs.accessToken)
    assert.ok(unticked)
    assert.ok(!(await idsOf(mine.accessToken)).includes(unticked), 'the page and the API give one id')
    const [{ bank_account_id: bankAccountId } = { bank_account_id: '' }] = await house.sql<{
      bank_account_id: string
    }>('select bank_account_id from account_alias where account_id = $1', [shared])

    for (const suffix of ['', '/balances', '/transactions']) {
      assert.equal((await acme.resource(`/accounts/${shared}${suffix}`, mine.accessToken)).status, 200)
      const unknown = await acme.resource(`/accounts/${'0'.repeat(32)}${suffix}`, mine.accessToken)
      assert.equal(unknown.status, 403)
      assert.ok(errorOf(unknown))
      for (const id of [unticked, foreign, bankAccountId, `${shared.slice(0, -1)}0`]) {
        if (id === shared) continue
        const answer = await acme.resource(`/accounts/${id}${suffix}`, mine.accessToken)
        assert.deepEqual(seen(answer), seen(unknown), `${id}${suffix}`)
      }
    }
  })

  it('by a second consent of the same customer: each opens its own accounts and no other’s', async () => {
    const customer = await house.customer()
    const first = await sharedAccounts(house, acme, { customer, accounts: [0] })
    const second = await sharedAccounts(house, acme, { customer, accounts: [1] })
    const [one = ''] = await idsOf(first.accessToken)
    const [two = ''] = await idsOf(second.accessToken)
    assert.notEqual(one, two)
    assert.equal((await acme.resource(`/accounts/${two}`, first.accessToken)).status, 403)
    assert.equal((await acme.resource(`/accounts/${one}`, second.accessToken)).status, 403)
  })

  it('by another name of the same account: each third party has ids of its own', async () => {
    const shady = await house.register({ alg: 'ES256', name: 'Shady Ledger' })
    const customer = await house.customer()
    const ours = await sharedAccounts(house, acme, { customer })
    const theirs = await sharedAccounts(house, shady, { customer })
    const known = await idsOf(ours.accessToken)
    const body = await shady.read('/accounts', theirs.accessToken)
    const others = objectsMember(body, 'accounts', '/accounts').map(({ accountId: id }) => String(id))
    assert.equal(others.length, 3)
    assert.deepEqual(
      others.filter((id) => known.includes(id)),
      [],
    )
    assert.equal((await shady.resource(`/accounts/${known[0]}`, theirs.accessToken)).status, 403)
  })
})
