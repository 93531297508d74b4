import assert from 'node:assert/strict'
import type { Browser } from '../support/browser.ts'
import type { Customer } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { Page } from '../support/page.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { atOnce, counted } from './at-once.ts'

describe('a one-time code is used twice', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  const passwordGiven = async (customer: Customer): Promise<{ browser: Browser; page: Page }> => {
    const { customerNumber: login, password } = customer.facts
    const browser = house.browser()
    const page = await browser.get((await acme.ask()).url)
    const next = await browser.submit(page.form('login-submit'), { login, password }, 'login-submit')
    return { browser, page: next }
  }

  it('in four journeys at once over two processes: one goes on, in each of 10 rounds', async () => {
    for (let round = 0; round < 10; round += 1) {
      const customer = await house.customer()
      const journeys = [
        await passwordGiven(customer),
        await passwordGiven(customer),
        await passwordGiven(customer),
        await passwordGiven(customer),
      ]
      const code = await customer.code()
      const answers = await atOnce(journeys.length, house.processes, async ({ via }, index) => {
        const { browser, page } = journeys[index] ?? assert.fail('no journey')
        return browser.submit(page.form('code-submit'), { code }, 'code-submit', { follow: false, via })
      })
      const ways = answers.map(({ answer }) => answer?.headers.location?.split('/').at(-1))
      assert.deepEqual(counted(ways), { accounts: 1, sca: 3 }, `round ${round}`)
    }
  }).timeout(120_000)

  it('once in a journey and then at the bank’s own sign-in', async () => {
    const customer = await house.customer()
    const { customerNumber: login, password } = customer.facts
    const journey = await passwordGiven(customer)
    const code = await customer.code()
    const accounts = await journey.browser.submit(journey.page.form('code-submit'), { code }, 'code-submit')
    assert.ok(accounts.hasForm('consent-allow'))

    const thief = house.browser()
    const page = await thief.get(`${house.issuer}/connections`)
    const second = await thief.submit(page.form('login-submit'), { login, password }, 'login-submit')
    const refused = await thief.submit(second.form('code-submit'), { code }, 'code-submit')
    assert.ok(refused.hasForm('code-submit'), refused.described)
    assert.equal((await thief.get(`${house.issuer}/connections`)).hasForm('login-submit'), true)
  })
})
