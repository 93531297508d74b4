import assert from 'node:assert/strict'
import { addResourceServer } from '../attacks/resource-server.ts'
import { stopConnection } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type MovableHouse, openMovableHouse } from '../support/movable-house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { auditOf, consentState, share } from './shared.ts'

describe('a customer stops sharing', () => {
  let house: MovableHouse
  let acme: ThirdParty
  let quickpay: ThirdParty
  before(async () => {
    house = await openMovableHouse()
    acme = await house.register()
    quickpay = await house.register({ name: 'QuickPay' })
  })
  after(() => house.close())

  it('and from that moment the third party gets nothing, by any of its tokens', async () => {
    const shared = await share(house, acme)
    const { accessToken, refreshToken = '', consentId, customer, browser } = shared
    const api = await addResourceServer(house, house.gateway)
    assert.equal((await acme.resource('/accounts', accessToken)).status, 200)
    assert.equal((await api.introspect(accessToken)).json().active, true)

    const list = await customer.openConnections(browser, house.issuer)
    const stopped = await stopConnection(browser, list, consentId)
    assert.match(stopped.text, /stopped/i)

    const data = await acme.resource('/accounts', accessToken)
    assert.deepEqual([data.status, errorOf(data)], [401, 'invalid_token'])
    const refresh = await acme.refresh(refreshToken)
    assert.deepEqual([refresh.status, errorOf(refresh)], [400, 'invalid_grant'])
    assert.deepEqual((await api.introspect(accessToken)).json(), { active: false })

    assert.deepEqual(await consentState(house, consentId), {
      state: 'revoked',
      reason: 'stopped-by-customer',
    })
    assert.deepEqual((await auditOf(house, consentId)).at(-1), 'consent.revoked')
  })

  it('with one app, and goes on with the other', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const first = await share(house, acme, { customer, browser })
    await house.later(60)
    const second = await share(house, quickpay, { customer, browser })
    await house.later(60)
    const list = await customer.openConnections(browser, house.issuer)
    assert.match(list.text, /Acme Budget/)
    assert.match(list.text, /QuickPay/)
    await stopConnection(browser, list, first.consentId)

    assert.equal((await acme.resource('/accounts', first.accessToken)).status, 401)
    assert.equal((await quickpay.resource('/accounts', second.accessToken)).status, 200)
    await quickpay.renew(second.refreshToken ?? '')
  })

  it('and reads afterwards what was shared, when, and that it has ended', async () => {
    const shared = await share(house, acme, { accounts: [1] })
    const { customer, browser, consentId } = shared
    await acme.read('/accounts', shared.accessToken)
    const list = await customer.openConnections(browser, house.issuer)
    const before = await browser.get(`${house.issuer}/connections/${consentId}`, { from: list })
    assert.match(before.text, /Bills account/)
    assert.doesNotMatch(before.text, /Savings account/)
    assert.match(before.text, /your account balance/)

    await stopConnection(browser, list, consentId)
    const after = await browser.get(`${house.issuer}/connections/${consentId}`)
    assert.match(after.text, /stopped|ended/i)
    assert.equal(after.hasForm('stop-submit'), false)
    assert.ok(!after.links.some(({ href }) => href.endsWith('/stop')))
  })

  it('and nobody else finds that connection', async () => {
    const { consentId } = await share(house, acme)
    const stranger = await house.customer()
    const browser = house.browser()
    await stranger.openConnections(browser, house.issuer)
    for (const path of ['', '/stop'])
      assert.equal((await browser.get(`${house.issuer}/connections/${consentId}${path}`)).status, 404)
    assert.equal((await consentState(house, consentId))?.state, 'authorised')
  })

  it('and may share again: a new consent, and the old tokens stay dead', async () => {
    const old = await share(house, acme)
    const { customer, browser } = old
    await stopConnection(browser, await customer.openConnections(browser, house.issuer), old.consentId)
    await house.later(60)
    const renewed = await share(house, acme, { customer, browser })
    assert.notEqual(renewed.consentId, old.consentId)
    assert.equal((await acme.resource('/accounts', renewed.accessToken)).status, 200)
    assert.equal((await acme.resource('/accounts', old.accessToken)).status, 401)
    assert.equal(errorOf(await acme.refresh(old.refreshToken ?? '')), 'invalid_grant')
  })
})
