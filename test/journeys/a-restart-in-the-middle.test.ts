import assert from 'node:assert/strict'
import { refuse } from '../support/customer.ts'
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

    it('between all steps from the pushed request to the data', async () => {
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
      const chosen = accounts.fields('accounts').map(({ value }) => value)
      const choice = { accounts: chosen.slice(0, 2) }
      const decided = await browser.submit(accounts.form('consent-allow'), choice, 'consent-allow', {
        follow: false,
      })
      const consentId = await newestConsent(house, acme)
      assert.equal((await consentState(house, consentId))?.state, 'awaiting')
      await again()
      const { callback = '' } = await browser.get(wayBack(decided), { from: accounts })
      await again()
      const tokens = await acme.collect(callback, asked)
      await again()
      const body = await acme.read('/accounts', tokens.accessToken)
      assert.equal((body.accounts as unknown[]).length, 2)
      await acme.renew(tokens.refreshToken ?? '')
      assert.deepEqual((await auditOf(house, consentId)).slice(0, 4), everything)
    })

    it('and what was stopped or is being refused stays so', async () => {
      const customer = await house.customer()
      const browser = house.browser()
      const asked = await acme.ask()
      const page = await customer.arrive(browser, asked.url)
      const { accessToken, refreshToken = '' } = await share(house, acme)
      await acme.revoke(refreshToken)
      await again()
      assert.equal((await acme.resource('/accounts', accessToken)).status, 401)
      assert.equal((await acme.refresh(refreshToken)).status, 400)
      const url = new URL(await refuse(browser, page))
      assert.equal(url.searchParams.get('error'), 'access_denied')
      assert.equal(url.searchParams.get('state'), asked.state)
    })
  })

function wayBack(page: Page): string {
  const location = page.answer?.headers.location ?? ''
  return new URL(location, page.url).href
}
