import assert from 'node:assert/strict'
import { openReaper } from '../../src/operations/reaper.ts'
import { openAuditTrail } from '../../src/store/audit.ts'
import { openDatabase } from '../../src/store/database.ts'
import { reapingTasks } from '../../src/store/reaping.ts'
import { readCallback } from '../support/authorization-request.ts'
import { agree } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type MovableHouse, openMovableHouse } from '../support/movable-house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { auditOf, consentState, newestConsent, share } from './shared.ts'

const IDLE = 5 * 60

describe('a customer goes away', () => {
  let house: MovableHouse
  let acme: ThirdParty
  before(async () => {
    house = await openMovableHouse()
    acme = await house.register()
  })
  after(() => house.close())

  it('for five minutes before deciding: signed out, nothing shared, and may sign in again', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const asked = await acme.ask()
    const page = await customer.arrive(browser, asked.url)
    const consentId = await newestConsent(house, acme)
    await house.later(IDLE + 1)
    const accounts = page.fields('accounts').map(({ value }) => value)
    const out = await browser.submit(page.form('consent-allow'), { accounts }, 'consent-allow')

    assert.ok(out.hasForm('login-submit'), out.described)
    assert.match(out.text, /signed you out|signed out/i)
    assert.equal((await consentState(house, consentId))?.state, 'awaiting')
    const again = await customer.signIn(browser, out)
    const tokens = await acme.collect(await agree(browser, again, { accounts: [0] }), asked)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('for four minutes: still signed in', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const asked = await acme.ask()
    const page = await customer.arrive(browser, asked.url)
    await house.later(IDLE - 60)
    await acme.collect(await agree(browser, page, { accounts: 'all' }), asked)
  })

  it('for half an hour: the request has ended, and the page says so', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const page = await customer.arrive(browser, (await acme.ask()).url)
    await house.later(31 * 60)
    const late = await browser.reload(page)
    assert.equal(late.hasForm('consent-allow') || late.hasForm('login-submit'), false)
    assert.ok((late.status ?? 0) >= 400)
    assert.match(late.text, /nothing/i)
  })

  it('from connected apps for five minutes: signed out', async () => {
    const { customer, browser } = await share(house, acme)
    const list = await customer.openConnections(browser, house.issuer)
    assert.match(list.text, /Acme Budget/)
    await house.later(IDLE + 1)
    const out = await browser.reload(list)
    assert.ok(out.hasForm('login-submit'), out.described)
    assert.doesNotMatch(out.text, /Acme Budget/)
  })

  it('on the way back: the code that nobody collects ends its consent', async () => {
    const customer = await house.customer()
    const asked = await acme.ask()
    const callback = await customer.authorise(house.browser(), asked.url)
    const consentId = await newestConsent(house, acme)
    assert.equal((await consentState(house, consentId))?.state, 'authorised')
    await reap()
    assert.equal((await consentState(house, consentId))?.state, 'authorised')

    await house.later(3 * 60)
    await reap()
    assert.deepEqual(await consentState(house, consentId), { state: 'revoked', reason: 'never-collected' })
    assert.equal((await auditOf(house, consentId)).at(-1), 'consent.revoked')
    const code = readCallback(callback, asked, house.issuer)
    assert.equal(errorOf(await acme.exchange(code, asked)), 'invalid_grant')
  })

  it('and a consent whose code was collected is left alone', async () => {
    const { consentId, accessToken } = await share(house, acme)
    await house.later(3 * 60)
    await reap()
    assert.equal((await consentState(house, consentId))?.state, 'authorised')
    assert.equal((await acme.resource('/accounts', accessToken)).status, 200)
  })

  /** A round of the reaper, which comes by itself every half minute. */
  async function reap(): Promise<void> {
    const database = openDatabase(house.config.database)
    const faults: unknown[] = []
    const reaper = openReaper({
      tasks: reapingTasks(database, await openAuditTrail(database)),
      everyMs: 60_000,
      now: house.now,
      observe: ({ error }) => error !== undefined && faults.push(error),
    })
    await reaper.run()
    await database.close()
    assert.deepEqual(faults, [])
  }
})
