import assert from 'node:assert/strict'
import { agree, refuse } from '../support/customer.ts'
import { type House, type HouseProcess, openHouse } from '../support/house.ts'
import type { Page } from '../support/page.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { auditOf, consentState, newestConsent, share } from './shared.ts'

const everything = ['consent.requested', 'consent.decided', 'consent.authorised', 'token.issued'] as const

for (const [how, words] of [
  ['stop', 'a restart'],
  ['kill', 'a kill -9'],
] as const)
  describe(`${words} in the middle loses nothing`, () => {
    let house: House
    let acme: ThirdParty
    before(async () => {
      house = await openHouse({ processes: 1 })
      acme = await house.register()
    })
    after(() => house.close())

    async function again(): Promise<void> {
      // processes: 1 gives exactly one.
      const process = house.processes[0] as HouseProcess
      await process[how]()
      await process.start()
    }

    it('between the pushed request and sign-in, between every page, and between code and token', async () => {
      const customer = await house.customer()
      const browser = house.browser()
      const asked = await acme.ask()
      await again()
      const login = await browser.get(asked.url)
      await again()
      const { customerNumber, password } = customer.facts
      const code = await browser.submit(
        login.form('login-submit'),
        { login: customerNumber, password },
        'login-submit',
      )
      await again()
      const filling = { code: await customer.code() }
      const accounts = await browser.submit(code.form('code-submit'), filling, 'code-submit')
      await again()
      const callback = await agree(browser, accounts, { accounts: [0, 1] })
      await again()
      const tokens = await acme.collect(callback, asked)
      await again()
      const body = await acme.read('/accounts', tokens.accessToken)
      assert.equal((body.accounts as unknown[]).length, 2)
      await acme.renew(tokens.refreshToken ?? '')
      const told = await auditOf(house, await newestConsent(house, acme))
      assert.deepEqual(told.slice(0, 4), everything)
    })

    it('between the decision and the way back to the third party', async () => {
      const customer = await house.customer()
      const browser = house.browser()
      const asked = await acme.ask()
      const page = await customer.arrive(browser, asked.url)
      const accounts = page.fields('accounts').map(({ value }) => value)
      const decided = await browser.submit(page.form('consent-allow'), { accounts }, 'consent-allow', {
        follow: false,
      })
      const consentId = await newestConsent(house, acme)
      assert.equal((await consentState(house, consentId))?.state, 'awaiting')
      await again()
      const back = await browser.get(resumeOf(decided), { from: page })
      const tokens = await acme.collect(back.callback ?? '', asked)
      assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
      assert.equal((await consentState(house, consentId))?.state, 'authorised')
    })

    it('between a refusal and the way back to the third party', async () => {
      const customer = await house.customer()
      const browser = house.browser()
      const asked = await acme.ask()
      const page = await customer.arrive(browser, asked.url)
      await again()
      const url = new URL(await refuse(browser, page))
      assert.equal(url.searchParams.get('error'), 'access_denied')
      assert.equal(url.searchParams.get('state'), asked.state)
    })

    it('and a stopped consent stays stopped', async () => {
      const { accessToken, refreshToken = '' } = await share(house, acme)
      await acme.revoke(refreshToken)
      await again()
      assert.equal((await acme.resource('/accounts', accessToken)).status, 401)
      assert.equal((await acme.refresh(refreshToken)).status, 400)
    })
  })

function resumeOf(page: Page): string {
  const location = page.answer?.headers.location ?? ''
  return new URL(location, page.url).href
}
