import assert from 'node:assert/strict'
import { LOCK_SECONDS } from '../../src/domain/customer.ts'
import { Customer } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { Page } from '../support/page.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { atOnce } from './at-once.ts'

describe('a password is guessed', () => {
  let house: House
  let acme: ThirdParty
  let ahead = 0
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256', now: () => new Date(Date.now() + ahead * 1000) })
  })
  after(() => house.close())

  const loginPage = async (): Promise<{
    readonly browser: ReturnType<House['browser']>
    readonly page: Page
  }> => {
    const browser = house.browser()
    return { browser, page: await browser.get((await acme.ask()).url) }
  }
  const guess = async (login: string, password: string): Promise<Page> => {
    const { browser, page } = await loginPage()
    return browser.submit(page.form('login-submit'), { login, password }, 'login-submit')
  }
  /** How often a known customer's password or code was found wrong. */
  const verifications = async (): Promise<number> => {
    const [row] = await house.sql<{ count: number }>(
      `select count(*)::int from audit_event where type in ('customer.authentication-failed', 'customer.locked')`,
    )
    return row?.count ?? -1
  }
  /** What a page says, without what differs from visit to visit. */
  const words = (page: Page): string => page.text.replace(/\d{1,2}:\d{2}( ?[ap]m)?/g, 'TIME')

  it('100 times at once over two processes: five are looked at, then it is locked for everybody', async () => {
    const customer = await house.customer()
    const { customerNumber: login, password } = customer.facts
    const before = await verifications()
    const { browser, page } = await loginPage()
    const form = page.form('login-submit')

    const answers = await atOnce(100, house.processes, ({ via }, index) =>
      browser.submit(form, { login, password: `wrong ${index}` }, 'login-submit', { follow: false, via }),
    )
    for (const { status } of answers) assert.equal(status, 303)
    for (const { answer } of answers) assert.ok(!answer?.headers.location?.endsWith('/sca'))

    assert.equal((await verifications()) - before, 5)
    const locked = await guess(login, password)
    assert.equal(locked.hasForm('code-submit'), false, 'the right password does not open a lock')
    assert.equal((await verifications()) - before, 5)

    ahead += LOCK_SECONDS + 5
    await Promise.all(house.processes.map((process) => process.moveClock(ahead)))
    const later = new Customer(customer.facts, { now: acme.facts.now })
    const arrived = await later.arrive(house.browser(), (await acme.ask()).url)
    assert.ok(arrived.hasForm('consent-allow'), 'a lock ends by itself')
  })

  it('with right ones in between, by somebody who knows the password and guesses the code', async () => {
    const { customerNumber: login, password } = (await house.customer()).facts
    const before = await verifications()
    let reached = 0
    for (let round = 0; round < 12; round += 1) {
      const { browser, page } = await loginPage()
      const second = await browser.submit(page.form('login-submit'), { login, password }, 'login-submit')
      if (!second.hasForm('code-submit')) break
      reached += 1
      // Six digits that nobody's app shows: letters would not be counted as a try.
      await browser.submit(second.form('code-submit'), { code: '000000' }, 'code-submit')
    }
    assert.equal((await verifications()) - before, 5)
    assert.equal(reached, 5)
  })

  it('of a number that nobody has: the pages are those of a real one, lock included', async () => {
    const real = (await house.customer()).facts.customerNumber
    for (let round = 0; round < 6; round += 1) {
      const [known, unknown] = [await guess(real, 'wrong'), await guess('0123456789', 'wrong')]
      assert.equal(words(unknown).replaceAll('0123456789', real), words(known), `try ${round + 1}`)
      assert.equal(unknown.status, known.status)
    }
  })
})
