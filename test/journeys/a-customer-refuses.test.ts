import assert from 'node:assert/strict'
import { AuthorizationRefused, readCallback } from '../support/authorization-request.ts'
import { refuse } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'
import { auditOf, consentState, newestConsent } from './shared.ts'

describe('a customer refuses', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  /** readCallback has checked redirect_uri, iss and state before it says which error came. */
  function assertRefused(callback: string, asked: AskedRequest): void {
    assert.throws(
      () => readCallback(callback, asked, house.issuer),
      (error) => error instanceof AuthorizationRefused && error.error === 'access_denied',
    )
    assert.equal(new URL(callback).searchParams.has('code'), false)
  }

  it('after reading what would be shared: the third party is told so, and nothing else', async () => {
    const asked = await acme.ask()
    const browser = house.browser()
    const page = await (await house.customer()).arrive(browser, asked.url)
    assertRefused(await refuse(browser, page), asked)

    const consentId = await newestConsent(house, acme)
    assert.deepEqual(await consentState(house, consentId), {
      state: 'rejected',
      reason: 'refused-by-customer',
    })
    assert.deepEqual(await auditOf(house, consentId), [
      'consent.requested',
      'consent.decided',
      'consent.rejected',
    ])
  })

  it('before signing in, where nobody knows who it was', async () => {
    const asked = await acme.ask()
    const browser = house.browser()
    assertRefused(await refuse(browser, await browser.get(asked.url)), asked)

    const consentId = await newestConsent(house, acme)
    const rows = await house.sql('select customer_id from consent where id = $1 and state = $2', [
      consentId,
      'rejected',
    ])
    assert.deepEqual(rows, [{ customer_id: null }])
  })

  it('between password and code', async () => {
    const customer = await house.customer()
    const asked = await acme.ask()
    const browser = house.browser()
    const first = await browser.get(asked.url)
    const { customerNumber: login, password } = customer.facts
    const second = await browser.submit(first.form('login-submit'), { login, password }, 'login-submit')
    assertRefused(await refuse(browser, second), asked)
  })

  it('and nothing is left to be used: no grant, no code, no way back to the page', async () => {
    const asked = await acme.ask()
    const browser = house.browser()
    const page = await (await house.customer()).arrive(browser, asked.url)
    await refuse(browser, page)

    const consentId = await newestConsent(house, acme)
    const left = await house.sql(
      `select 1 from "grant" where consent_id::text = $1 union all select 1 from one_time where grant_id = $1`,
      [consentId],
    )
    assert.deepEqual(left, [])
    const back = await browser.reload(page)
    assert.equal(back.hasForm('consent-allow'), false)
    const again = await browser.get(asked.url)
    assert.equal(again.hasForm('login-submit'), false)
  })

  it('and may be asked again, and agree then', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const first = await acme.ask()
    await refuse(browser, await customer.arrive(browser, first.url))
    const second = await acme.ask()
    const tokens = await acme.collect(await customer.authorise(browser, second.url), second)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })
})
