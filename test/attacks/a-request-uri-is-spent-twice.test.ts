import assert from 'node:assert/strict'
import { readCallback } from '../support/authorization-request.ts'
import type { Browser } from '../support/browser.ts'
import { Customer, offeredAccounts } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { Page } from '../support/page.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'
import { atOnce } from './at-once.ts'
import { justAgreed } from './shared-accounts.ts'

describe('a request_uri is spent twice', () => {
  let house: House
  let acme: ThirdParty
  let shady: ThirdParty
  /** How far ahead the processes' clocks are by now, in seconds. */
  let ahead = 0
  before(async () => {
    house = await openHouse({ processes: 2 })
    const facts = { alg: 'ES256', now: () => new Date(Date.now() + ahead * 1000) } as const
    acme = await house.register(facts)
    shady = await house.register({ ...facts, name: 'Shady Ledger' })
  })
  after(() => house.close())

  const later = async (seconds: number): Promise<void> => {
    ahead += seconds
    await Promise.all(house.processes.map((process) => process.moveClock(ahead)))
  }

  /** A journey whose customer has decided, and whose browser has not followed the way back yet. */
  const decided = async () => {
    const { facts } = await house.customer()
    const customer = new Customer(facts, { now: acme.facts.now })
    const browser = house.browser()
    const asked = await acme.ask()
    const form = (await customer.arrive(browser, asked.url)).form('consent-allow')
    const accounts = offeredAccounts(form.page).map((box) => box.value)
    const page = await browser.submit(form, { accounts }, 'consent-allow', { follow: false })
    assert.equal(page.status, 303)
    const resume = new URL(page.answer?.headers.location ?? '', house.issuer).href
    return { asked, browser, page, resume }
  }

  /** 20 times the same way back with the same cookies; the codes that came of it. */
  const codesOf = async ({
    asked,
    browser,
    page,
    resume,
  }: {
    readonly asked: AskedRequest
    readonly browser: Browser
    readonly page: Page
    readonly resume: string
  }): Promise<readonly string[]> => {
    const answers = await atOnce(20, house.processes, ({ via }) =>
      browser.get(resume, { from: page, follow: false, via }),
    )
    // Whoever is late is told so, on a page or as an error at the third party; a fault of ours is neither.
    for (const { status, described } of answers) assert.ok((status ?? 500) < 500, described)
    const locations = answers.map(({ answer }) => new URL(answer?.headers.location ?? '', house.issuer))
    const answered = locations.map(({ searchParams }) => searchParams.get('error'))
    assert.ok(!answered.includes('access_denied'), 'the customer agreed: nobody is told that they refused')
    const callbacks = locations.filter(({ searchParams }) => searchParams.has('code')).map(({ href }) => href)
    return callbacks.map((callback) => readCallback(callback, asked, house.issuer))
  }

  for (const [seconds, rounds] of [
    [5, 30],
    [61, 8],
  ] as const)
    it(`by 20 ways back at once, ${seconds} seconds after it was pushed: one code, in each of ${rounds} rounds`, async () => {
      for (let round = 0; round < rounds; round += 1) {
        const journey = await decided()
        await later(seconds)
        const codes = await codesOf(journey)
        assert.equal(codes.length, 1, `round ${round}: ${codes.length} codes`)
        const answer = await acme.exchange(codes[0] ?? '', journey.asked)
        assert.equal(answer.status, 200, `round ${round}: the one code is good`)
        const states = await house.sql('select state from consent order by created_at desc limit 1')
        assert.deepEqual(states, [{ state: 'authorised' }])
      }
    }).timeout(120_000)

  it('by opening it again, in this browser or another, once the customer is back', async () => {
    const { asked, browser } = await justAgreed(house, acme)
    for (const one of [browser, house.browser()]) {
      const page = await one.get(asked.url)
      assert.equal(page.callback, undefined)
      assert.equal(page.hasForm('login-submit'), false, page.described)
      assert.equal(page.status, 400)
    }
  })

  it('by opening it for the first time after 61 seconds', async () => {
    const asked = await acme.ask()
    await later(61)
    const page = await house.browser().get(asked.url)
    assert.equal(page.status, 400)
    assert.equal(page.callback, undefined)
  })

  it('by a reload of the login page: that is no attack, the journey goes on', async () => {
    const { facts } = await house.customer()
    const customer = new Customer(facts, { now: acme.facts.now })
    const browser = house.browser()
    const asked = await acme.ask()
    const login = await browser.reload(await browser.get(asked.url))
    assert.ok((await customer.signIn(browser, login)).hasForm('consent-allow'))
  })

  it('by a third party that did not push it: it learns nothing, and the owner goes on with it', async () => {
    const asked = await acme.ask()
    const stolen = await house.browser().get(shady.authorizeUrl(asked.requestUri))
    assert.equal(stolen.status, 400)
    assert.equal(stolen.callback, undefined)
    assert.equal(stolen.hasForm('login-submit'), false)
    assert.ok(!stolen.answer?.body.includes(asked.requestUri), 'the answer repeats nothing')

    const customer = new Customer((await house.customer()).facts, { now: acme.facts.now })
    const callback = await customer.authorise(house.browser(), asked.url)
    const answer = await acme.exchange(readCallback(callback, asked, house.issuer), asked)
    assert.equal(answer.status, 200)
  })
})
