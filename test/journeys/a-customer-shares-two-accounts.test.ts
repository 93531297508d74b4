import assert from 'node:assert/strict'
import { agree } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'

describe('a customer shares two of three accounts', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  it('and the third party reads exactly those two', async () => {
    const acme = await house.register()
    const customer = await house.customer()
    const browser = house.browser()

    const asked = await acme.ask()
    const page = await customer.arrive(browser, asked.url)
    const callback = await agree(browser, page, { accounts: [0, 2] })
    const tokens = await acme.collect(callback, asked)
    const body = await acme.read('/accounts', tokens.accessToken)

    assert.equal((body.accounts as unknown[]).length, 2)
  })
})
