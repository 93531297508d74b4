import assert from 'node:assert/strict'
import {
  account,
  authenticated,
  everyday,
  kids,
  openTestBank,
  savings,
  start,
  type TestBank,
  terms,
} from './test-bank.ts'
import { type Answer, fields, headingOf, hidden, textOf } from './visitor.ts'

describe('a customer agrees or refuses', () => {
  let bank: TestBank
  before(async () => {
    bank = await openTestBank()
  })
  after(() => bank.close())
  beforeEach(() => {
    bank.state.decisions.length = 0
    bank.state.accounts = [everyday, savings, kids]
    bank.state.bankIsDown = false
  })

  const atAccounts = (facts: Parameters<TestBank['begin']>[0] = {}) =>
    bank.begin({ progress: authenticated, ...facts })
  const share = (page: Answer, path: string, accounts: readonly string[]) =>
    fields({ csrf: hidden(page.html, `${path}/accounts`), accounts })

  it('walks from sign-in over the code to the accounts and back to the app', async () => {
    const { visitor, path } = bank.begin()
    const first = await visitor.follow(await visitor.get(path))
    assert.equal(headingOf(first.html), 'Sign in to share your account information with Acme Budget')
    assert.match(
      textOf(first.html),
      /You are on auth\.meridianbank\.example\. Acme Budget never sees your sign-in details\./,
    )
    const csrf = hidden(first.html, `${path}/login`)
    const second = await visitor.follow(
      await visitor.post(`${path}/login`, fields({ csrf, login: '1234 567 890', password: 'right' })),
    )
    assert.equal(headingOf(second.html), 'Confirm it is you')
    const third = await visitor.follow(
      await visitor.post(
        `${path}/sca`,
        fields({ csrf: hidden(second.html, `${path}/sca`), code: '123 456' }),
      ),
    )
    assert.equal(headingOf(third.html), 'Choose the accounts to share with Acme Budget')
    const last = await visitor.post(`${path}/accounts`, share(third, path, ['acc-everyday', 'acc-savings']))
    assert.equal(last.status, 303)
    assert.match(String(last.headers.location), /^\/auth\//)
    assert.deepEqual(bank.state.decisions, [
      {
        kind: 'agreed',
        accounts: [
          { accountId: 'acc-everyday', bankAccountId: 'bank-acc-everyday' },
          { accountId: 'acc-savings', bankAccountId: 'bank-acc-savings' },
        ],
        decidedAt: start,
      },
    ])
  })

  it('says who, what, until when and where next, in words of the field and no others', async () => {
    const { visitor, path } = atAccounts()
    const text = textOf((await visitor.get(`${path}/accounts`)).html)
    assert.match(text, /Acme Budget Acme Budget Ltd/)
    assert.match(text, /Everyday account ····4821 ending 4821 , balance £1,204\.11/)
    assert.match(text, /your account name, number and sort code/)
    assert.match(text, /From 22 November 2025/)
    assert.match(text, /Until 22 November 2027, 15:04 \(GMT\)\. You can stop at any time in connected apps\./)
    assert.match(text, /After this you go back to acmebudget\.example/)
    assert.match(text, /Kids’ account ····1180 ending 1180 Accounts for under-18s cannot be shared\./)
    assert.doesNotMatch(text, /ReadAccounts|scope|token|consent|third party|TPP/i)
    assert.doesNotMatch(text, /2000007308/)
  })

  it('has nothing ticked and two buttons of one kind', async () => {
    const { visitor, path } = atAccounts()
    const { html } = await visitor.get(`${path}/accounts`)
    assert.doesNotMatch(html, /checked/)
    const buttons = [...html.matchAll(/<button[^>]*class="([^"]*)"[^>]*id="(consent-[a-z]+)"/g)]
    assert.deepEqual(
      buttons.map(([, look, id]) => [id, look]),
      [
        ['consent-allow', 'govuk-button'],
        ['consent-deny', 'govuk-button'],
      ],
    )
  })

  it('asks again when no account was chosen', async () => {
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    const answer = await visitor.post(`${path}/accounts`, share(page, path, []))
    assert.equal(answer.status, 303)
    const again = await visitor.follow(answer)
    assert.match(again.html, /<title>Error: Choose the accounts/)
    assert.match(again.html, /<a href="#accounts">Select at least one account to share<\/a>/)
    assert.match(again.html, /id="accounts" name="accounts" type="checkbox"/)
    assert.deepEqual(bank.state.decisions, [])
  })

  it('shows the only account as text and shares it', async () => {
    bank.state.accounts = [everyday, kids]
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    assert.equal(headingOf(page.html), 'Share your account with Acme Budget')
    assert.doesNotMatch(page.html, /type="checkbox"/)
    const accounts = [hidden(page.html, `${path}/accounts`, 'accounts')]
    await visitor.post(`${path}/accounts`, share(page, path, accounts))
    assert.equal(bank.state.decisions[0]?.kind, 'agreed')
  })

  it('offers only the accounts that the app asked for', async () => {
    const { visitor, path } = atAccounts({
      terms: { ...terms, requestedAccounts: ['acc-savings', 'acc-kids'] },
    })
    const text = textOf((await visitor.get(`${path}/accounts`)).html)
    assert.match(text, /Rainy-day savings/)
    assert.match(text, /Kids’ account/)
    assert.doesNotMatch(text, /Everyday/)
  })

  it('has a way back when the app asked for accounts of somebody else', async () => {
    const { visitor, path } = atAccounts({ terms: { ...terms, requestedAccounts: ['acc-of-bob'] } })
    const page = await visitor.get(`${path}/accounts`)
    assert.equal(headingOf(page.html), 'You do not have an account that can be shared with Acme Budget')
    const back = await visitor.post(`${path}/cancel`, fields({ csrf: hidden(page.html, `${path}/cancel`) }))
    assert.equal(back.status, 303)
    assert.deepEqual(bank.state.decisions, [{ kind: 'refused', decidedAt: start }])
  })

  it('has a way back when no account can be shared, and says why', async () => {
    bank.state.accounts = [kids]
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    assert.match(textOf(page.html), /Accounts for under-18s cannot be shared/)
    assert.match(page.html, /Go back to Acme Budget/)
  })

  it('shares no account when only identity was asked for, and does not ask the bank', async () => {
    bank.state.bankIsDown = true
    const { visitor, path } = atAccounts({ terms: { ...terms, permissions: [] } })
    const page = await visitor.get(`${path}/accounts`)
    assert.equal(page.status, 200)
    assert.match(textOf(page.html), /Acme Budget will learn that you are a customer of Meridian Bank/)
    await visitor.post(`${path}/accounts`, share(page, path, []))
    assert.deepEqual(bank.state.decisions, [{ kind: 'agreed', accounts: [], decidedAt: start }])
  })

  for (const step of ['login', 'sca', 'accounts'] as const)
    it(`refuses from the page ${step}`, async () => {
      const progress =
        step === 'login'
          ? ({ step: 'login' } as const)
          : step === 'sca'
            ? ({ step: 'factor', customerId: 'c-alice' } as const)
            : authenticated
      const { visitor, path } = bank.begin({ progress })
      const page = await visitor.get(`${path}/${step}`)
      const back = await visitor.post(`${path}/cancel`, fields({ csrf: hidden(page.html, `${path}/cancel`) }))
      assert.equal(back.status, 303)
      assert.match(String(back.headers.location), /^\/auth\//)
      assert.equal(bank.state.decisions[0]?.kind, 'refused')
    })

  it('leads a second click on the same button the same way', async () => {
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    const form = share(page, path, ['acc-everyday'])
    const [one, two] = [
      await visitor.post(`${path}/accounts`, form),
      await visitor.post(`${path}/accounts`, form),
    ]
    assert.equal(two.status, 303)
    assert.equal(two.headers.location, one.headers.location)
    assert.equal(bank.state.decisions.length, 1)
  })

  it('does not let the first decision be changed, and shows the way on', async () => {
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    await visitor.post(`${path}/accounts`, share(page, path, ['acc-everyday']))
    const other = await visitor.post(`${path}/accounts`, share(page, path, ['acc-savings']))
    assert.equal(other.status, 409)
    assert.equal(headingOf(other.html), 'You have already finished this')
    assert.match(other.html, /href="\/auth\/[^"]+"[^>]*>Go back to Acme Budget/)
    const refused = await visitor.post(
      `${path}/cancel`,
      fields({ csrf: hidden(page.html, `${path}/cancel`) }),
    )
    assert.equal(refused.status, 409)
    assert.equal(bank.state.decisions.length, 1)
  })

  it('refuses accounts that were not on the page, shows it anew and decides nothing', async () => {
    const strange = account('acc-of-bob')
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    for (const accounts of [
      ['acc-everyday', strange.id],
      ['acc-kids'],
      ['bank-acc-everyday'],
      ['__proto__'],
    ]) {
      const answer = await visitor.post(`${path}/accounts`, share(page, path, accounts))
      assert.equal(answer.status, 409, accounts.join())
      assert.match(textOf(answer.html), /Nothing has been shared yet/)
    }
    assert.deepEqual(bank.state.decisions, [])
  })

  it('shows the page anew when what is asked or offered has changed since', async () => {
    const { uid, visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    bank.change(uid, { terms: { ...terms, permissions: [...terms.permissions, 'ReadTransactionsDebits'] } })
    const answer = await visitor.post(`${path}/accounts`, share(page, path, ['acc-everyday']))
    assert.equal(answer.status, 409)
    bank.change(uid, { terms })
    bank.state.accounts = [everyday, savings, account('acc-new'), kids]
    assert.equal((await visitor.post(`${path}/accounts`, share(page, path, ['acc-everyday']))).status, 409)
    assert.deepEqual(bank.state.decisions, [])
  })

  it('takes nothing from the form but the choice', async () => {
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    const form = `${share(page, path, ['acc-everyday'])}&permissions[]=ReadPAN&expiry=2099&accounts[x]=y`
    assert.equal((await visitor.post(`${path}/accounts`, form)).status, 303)
    const [decision] = bank.state.decisions
    assert.deepEqual(decision?.kind === 'agreed' && decision.accounts.length, 1)
  })

  it('can share more than twenty accounts', async () => {
    bank.state.accounts = Array.from({ length: 30 }, (_, n) => account(`acc-${n}`))
    const { visitor, path } = atAccounts()
    const page = await visitor.get(`${path}/accounts`)
    const accounts = bank.state.accounts.map(({ id }) => id)
    await visitor.post(`${path}/accounts`, share(page, path, accounts))
    const [decision] = bank.state.decisions
    assert.equal(decision?.kind === 'agreed' && decision.accounts.length, 30)
  })

  it('shows nothing to agree to when something asked for has no words', async () => {
    const { visitor, path } = atAccounts({ terms: { ...terms, permissions: ['ReadSomethingNew'] } })
    assert.equal((await visitor.get(`${path}/accounts`)).status, 500)
  })

  it('says honestly that the bank does not answer, and keeps the journey', async () => {
    bank.state.bankIsDown = true
    const { visitor, path } = atAccounts()
    const answer = await visitor.get(`${path}/accounts`)
    assert.equal(answer.status, 503)
    assert.equal(answer.headers['retry-after'], '30')
    assert.match(answer.html, new RegExp(`href="${path}/accounts">Try again`))
    bank.state.bankIsDown = false
    assert.equal((await visitor.get(`${path}/accounts`)).status, 200)
    const csrf = hidden(answer.html, `${path}/cancel`)
    assert.equal((await visitor.post(`${path}/cancel`, fields({ csrf }))).status, 303)
  })
})
