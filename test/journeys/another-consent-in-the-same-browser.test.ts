import assert from 'node:assert/strict'
import { readCallback } from '../support/authorization-request.ts'
import { agree, refuse, stopConnection } from '../support/customer.ts'
import { type MovableHouse, openMovableHouse } from '../support/movable-house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { listOf, nicknames, share } from './shared.ts'

const acmeLtd = { id: 'acme-ltd-0001', name: 'Acme Budget Ltd' }

describe('another consent in the same browser', () => {
  let house: MovableHouse
  let acme: ThirdParty
  let acmeSavings: ThirdParty
  let quickpay: ThirdParty
  before(async () => {
    house = await openMovableHouse()
    acme = await house.register({ organisation: acmeLtd })
    acmeSavings = await house.register({ organisation: acmeLtd, name: 'Acme Savings' })
    quickpay = await house.register({ name: 'QuickPay' })
  })
  after(() => house.close())

  it('is asked for: sign-in, code and accounts anew, and the first one works on', async () => {
    const customer = await house.customer()
    const first = await share(house, acme, { customer, accounts: [0] })
    const { browser } = first
    await house.later(60)
    const asked = await acme.ask()
    const page = await browser.get(asked.url)
    assert.ok(page.hasForm('login-submit'), page.described)
    const accounts = await customer.signIn(browser, page)
    const second = await acme.collect(await agree(browser, accounts, { accounts: [2] }), asked)

    const read = async (token: string) => nicknames(await acme.read('/accounts', token))
    assert.deepEqual(await read(second.accessToken), ['Savings account'])
    assert.deepEqual(await read(first.accessToken), ['Everyday account'])
    assert.deepEqual(await read((await acme.renew(first.refreshToken ?? '')).accessToken), [
      'Everyday account',
    ])
  })

  it('that is refused leaves the first one working', async () => {
    const customer = await house.customer()
    const first = await share(house, acme, { customer })
    await house.later(60)
    const asked = await acme.ask()
    await refuse(first.browser, await customer.arrive(first.browser, asked.url))
    assert.equal((await acme.resource('/accounts', first.accessToken)).status, 200)
    await acme.renew(first.refreshToken ?? '')
  })

  it('that is stopped leaves the first one working', async () => {
    const customer = await house.customer()
    const first = await share(house, acme, { customer })
    const { browser } = first
    await house.later(60)
    const second = await share(house, acme, { customer, browser })
    await house.later(60)
    await stopConnection(browser, await customer.openConnections(browser, house.issuer), second.consentId)
    assert.equal((await acme.resource('/accounts', second.accessToken)).status, 401)
    assert.equal((await acme.resource('/accounts', first.accessToken)).status, 200)
  })

  it("of another organisation's app needs no sign-out first, and asks no question about one", async () => {
    const customer = await house.customer()
    const { browser } = await share(house, acme, { customer })
    await house.later(60)
    const asked = await quickpay.ask()
    const page = await browser.get(asked.url)
    assert.deepEqual(
      [page.hasForm('login-submit'), page.trail.every(({ url }) => !/logout|end_session/.test(url))],
      [true, true],
    )
    assert.match(page.text, /QuickPay/)
    assert.doesNotMatch(page.text, /Acme/)
    const accounts = await customer.signIn(browser, page)
    const tokens = await quickpay.collect(await agree(browser, accounts, { accounts: 'all' }), asked)
    assert.equal((await quickpay.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('of another customer is theirs alone', async () => {
    const alice = await house.customer()
    const bob = await house.customer()
    const first = await share(house, acme, { customer: alice })
    const second = await share(house, acme, { customer: bob, browser: first.browser })
    assert.notEqual(first.subject, second.subject)
    const ids = async (token: string) =>
      listOf(await acme.read('/accounts', token), 'accounts').map(({ accountId }) => accountId)
    const mine = new Set(await ids(first.accessToken))
    for (const id of await ids(second.accessToken)) assert.ok(!mine.has(id))
  })

  it('knows the customer by the same name within an organisation, and by another outside it', async () => {
    const customer = await house.customer()
    const subjects: string[] = []
    for (const party of [acme, acmeSavings, quickpay, acme]) {
      subjects.push((await share(house, party, { customer })).subject)
      await house.later(60)
    }
    const [first, sibling, stranger, again] = subjects
    assert.deepEqual([sibling, again], [first, first])
    assert.notEqual(stranger, first)
    const rows = await house.sql<{ id: string; customer_number: string }>(
      'select id, customer_number, bank_customer_id from customer',
    )
    for (const row of rows)
      for (const known of Object.values(row)) assert.ok(!subjects.some((subject) => subject.includes(known)))
  })

  it('names an account to the same software as before, and to other software otherwise', async () => {
    const customer = await house.customer()
    const idsFor = async (party: ThirdParty) => {
      const { accessToken } = await share(house, party, { customer, accounts: [0, 1] })
      await house.later(60)
      return listOf(await party.read('/accounts', accessToken), 'accounts').map(({ accountId }) => accountId)
    }
    const first = await idsFor(acme)
    assert.deepEqual(await idsFor(acme), first)
    for (const other of [acmeSavings, quickpay])
      for (const id of await idsFor(other)) assert.ok(!first.includes(id))
    for (const id of first) {
      assert.match(String(id), /^[0-9a-f]{32}$/)
      assert.doesNotMatch(String(id), /everyday|bills|savings/)
    }
  })

  it('may be under way in two tabs at once, each with its own answer', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const [one, two] = await Promise.all([acme.ask(), quickpay.ask()])
    const tabs = [await browser.get(one.url), await browser.get(two.url)] as const
    const first = await customer.signIn(browser, tabs[0])
    await house.later(60)
    const second = await customer.signIn(browser, tabs[1])
    assert.match(second.text, /QuickPay/)
    const shared = await agree(browser, first, { accounts: [0, 1] })
    const other = await agree(browser, second, { accounts: [2] })

    assert.notEqual(readCallback(shared, one, house.issuer), readCallback(other, two, house.issuer))
    const tokens = await acme.collect(shared, one)
    const others = await quickpay.collect(other, two)
    assert.equal(nicknames(await acme.read('/accounts', tokens.accessToken)).length, 2)
    assert.deepEqual(nicknames(await quickpay.read('/accounts', others.accessToken)), ['Savings account'])
  })

  it('may be refused in one tab and agreed to in the other, of one app', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const [one, two] = await Promise.all([acme.ask(), acme.ask()])
    const refused = await browser.get(one.url)
    const page = await customer.arrive(browser, two.url)
    assert.equal(new URL(await refuse(browser, refused)).searchParams.get('state'), one.state)
    const tokens = await acme.collect(await agree(browser, page, { accounts: 'all' }), two)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })
})
