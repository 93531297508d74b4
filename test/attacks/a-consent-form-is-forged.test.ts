import assert from 'node:assert/strict'
import type { Browser, SubmitOptions } from '../support/browser.ts'
import { agree, type Customer, offeredAccounts } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { Page } from '../support/page.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'

interface Arrived {
  readonly asked: AskedRequest
  readonly customer: Customer
  readonly browser: Browser
  readonly page: Page
}

describe('a consent is approved by a form', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  const arrived = async (bankCustomerId?: string, asked?: AskedRequest): Promise<Arrived> => {
    const customer = await house.customer(bankCustomerId)
    const browser = house.browser()
    const request = asked ?? (await acme.ask())
    return { asked: request, customer, browser, page: await customer.arrive(browser, request.url) }
  }

  const share = (browser: Browser, page: Page, options: SubmitOptions = {}): Promise<Page> => {
    const accounts = offeredAccounts(page).map((box) => box.value)
    const filling = accounts.length > 0 ? { accounts } : {}
    return browser.submit(page.form('consent-allow'), filling, 'consent-allow', { follow: false, ...options })
  }

  /** What the house has on record: whatever a forged form did would be seen here. */
  const recorded = () =>
    house.sql<{ consents: number; decisions: number; grants: number; codes: number }>(
      `select (select count(*) from consent where state <> 'awaiting')::int as consents,
        (select count(*) from interaction where decision is not null)::int as decisions,
        (select count(*) from "grant")::int as grants,
        (select count(*) from one_time where kind = 'code')::int as codes`,
    )

  /** Nothing changes by the forged form, and the honest one is still taken afterwards. */
  const refuses = async (journey: Arrived, forge: () => Promise<Page>, statuses: readonly number[]) => {
    const before = await recorded()
    const answer = await forge()
    assert.ok(statuses.includes(answer.status ?? 0), answer.described)
    assert.equal(answer.answer?.headers.location, undefined)
    assert.deepEqual(await recorded(), before)
    const again = await journey.browser.reload(journey.page)
    const callback = await agree(journey.browser, again, { accounts: 'all' })
    assert.ok(new URL(callback).searchParams.has('code'), 'the honest form is still taken')
  }

  describe('that another site posts', () => {
    for (const [what, headers] of Object.entries({
      'with its own Origin': { origin: 'https://shady-ledger.test' },
      'with an opaque Origin': { origin: 'null' },
      'without an Origin': { origin: undefined },
      'with an Origin that begins like ours': { origin: 'https://auth.postern.test.shady-ledger.test' },
      'as Sec-Fetch-Site: cross-site': { 'sec-fetch-site': 'cross-site' },
      'as Sec-Fetch-Site: same-site': { 'sec-fetch-site': 'same-site' },
      'as Sec-Fetch-Site: none': { 'sec-fetch-site': 'none' },
    }))
      it(`${what}: refused`, async () => {
        const journey = await arrived()
        await refuses(journey, () => share(journey.browser, journey.page, { headers }), [403])
      })
  })

  describe('that was posted before', () => {
    it('in this very journey: the customer is not asked twice, and no second code is made', async () => {
      const { browser, page } = await arrived()
      await agree(browser, page, { accounts: 'all' })
      const before = await recorded()
      const answer = await share(browser, page)
      assert.equal(answer.callback, undefined)
      assert.equal(answer.answer?.headers.location, undefined)
      assert.deepEqual(await recorded(), before)
    })

    it('in another journey of the same browser, for the same app and accounts', async () => {
      const first = await arrived()
      await agree(first.browser, first.page, { accounts: 'all' })
      const second = { ...first, page: await first.customer.arrive(first.browser, (await acme.ask()).url) }
      const old = first.page.field('csrf').value
      const tamper = (body: URLSearchParams): void => body.set('csrf', old)
      await refuses(second, () => share(second.browser, second.page, { tamper }), [403])
    })

    it('or made for another step or button of this one', async () => {
      const journey = await arrived()
      const tokens = journey.page.fields('csrf').map((field) => field.value)
      const other = tokens.find((token) => token !== journey.page.form('consent-allow').fields[0]?.value)
      assert.ok(other, 'each form of the page has a token of its own')
      const tamper = (body: URLSearchParams): void => body.set('csrf', other)
      await refuses(journey, () => share(journey.browser, journey.page, { tamper }), [403])
    })
  })

  describe('with other accounts than the page showed', () => {
    const adding = (id: string) => (body: URLSearchParams) => body.append('accounts', id)

    it('one of another customer', async () => {
      const victim = await arrived()
      const theirs = offeredAccounts(victim.page)[0]?.value ?? ''
      const journey = await arrived()
      await refuses(journey, () => share(journey.browser, journey.page, { tamper: adding(theirs) }), [409])
    })

    it('one that the bank does not let anybody share', async () => {
      const journey = await arrived('alice')
      const [{ account_id: kids } = { account_id: '' }] = await house.sql<{ account_id: string }>(
        `select account_id from account_alias a join customer c on c.id = a.customer_id
          where c.customer_number = $1 and a.bank_account_id = 'alice-kids'`,
        [journey.customer.facts.customerNumber],
      )
      assert.notEqual(kids, '')
      assert.ok(!offeredAccounts(journey.page).some((box) => box.value === kids))
      await refuses(journey, () => share(journey.browser, journey.page, { tamper: adding(kids) }), [409])
    })

    it('one of the customer’s own that this app did not ask for', async () => {
      const first = await arrived()
      const [shown = '', other = ''] = offeredAccounts(first.page).map((box) => box.value)
      const asked = await acme.ask([
        { type: 'account_access', permissions: ['ReadAccountsBasic'], accounts: [shown] },
      ])
      const page = await first.customer.arrive(first.browser, asked.url)
      assert.ok(!page.answer?.body.includes(other), 'only the account asked for is on the page')
      const journey = { ...first, asked, page }
      await refuses(journey, () => share(journey.browser, page, { tamper: adding(other) }), [409])
    })

    it('one by the bank’s own account number', async () => {
      const journey = await arrived()
      const [{ bank_account_id: id } = { bank_account_id: '' }] = await house.sql<{
        bank_account_id: string
      }>('select bank_account_id from account_alias where account_id = $1', [
        offeredAccounts(journey.page)[0]?.value,
      ])
      await refuses(journey, () => share(journey.browser, journey.page, { tamper: adding(id) }), [409])
    })

    it('with permissions, an end or a consent of the poster’s own: none of it is read', async () => {
      const { browser, page, asked, customer } = await arrived()
      const before = await house.sql(
        'select permissions, expires_at from consent order by created_at desc limit 1',
      )
      const tamper = (body: URLSearchParams): void => {
        for (const [name, value] of [
          ['permissions', 'ReadAllTheMoney'],
          ['permissions[]', 'ReadAllTheMoney'],
          ['expires_at', '2099-01-01T00:00:00Z'],
          ['consentId', '00000000-0000-4000-8000-000000000000'],
          ['customerId', customer.facts.customerNumber],
          ['__proto__[decision]', 'agreed'],
        ] as const)
          body.append(name, value)
      }
      const answer = await share(browser, page, { tamper })
      assert.equal(answer.status, 303)
      const after = await house.sql(
        'select permissions, expires_at from consent order by created_at desc limit 1',
      )
      assert.deepEqual(after, before)
      assert.ok(asked.requestUri)
    })
  })

  describe('in another browser', () => {
    it('with everything the page held, but not its cookies', async () => {
      const journey = await arrived()
      await refuses(journey, () => share(house.browser(), journey.page), [400])
    })

    it('that stands in a journey of its own', async () => {
      const victim = await arrived()
      const attacker = await arrived()
      await refuses(victim, () => share(attacker.browser, victim.page), [400, 403])
    })

    it('by its address alone: a journey sent to somebody else shows nothing and takes nothing', async () => {
      const { page } = await arrived()
      const stranger = house.browser()
      for (const path of ['login', 'sca', 'accounts']) {
        const shown = await stranger.get(page.url.replace(/accounts$/, path))
        assert.equal(shown.status, 400)
        assert.equal(shown.forms.length, 0)
      }
    })

    it('that follows the way back of a journey that was decided elsewhere', async () => {
      const { browser, page } = await arrived()
      const decided = await share(browser, page)
      const resume = new URL(decided.answer?.headers.location ?? '', house.issuer).href
      const stolen = await house.browser().get(resume, { follow: false })
      assert.equal(stolen.status, 400)
      assert.equal(stolen.answer?.headers.location, undefined)
      const own = await browser.get(resume, { from: page })
      assert.ok(own.callback?.includes('code='), 'the customer’s own browser goes on')
    })
  })
})
