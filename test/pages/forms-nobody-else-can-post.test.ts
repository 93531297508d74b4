import assert from 'node:assert/strict'
import { authenticated, openTestBank, type TestBank } from './test-bank.ts'
import { fields, headingOf, hidden } from './visitor.ts'

describe('forms that nobody else can post', () => {
  let bank: TestBank
  before(async () => {
    bank = await openTestBank()
  })
  after(() => bank.close())
  beforeEach(() => {
    bank.state.decisions.length = 0
    bank.state.checks = 0
  })

  const opened = async () => {
    const journey = bank.begin({ progress: authenticated })
    const page = await journey.visitor.get(`${journey.path}/accounts`)
    const csrf = hidden(page.html, `${journey.path}/accounts`)
    return { ...journey, page, csrf, form: fields({ csrf, accounts: ['acc-everyday'] }) }
  }

  it('accepts the honest one', async () => {
    const { visitor, path, form } = await opened()
    assert.equal((await visitor.post(`${path}/accounts`, form)).status, 303)
  })

  for (const [what, headers] of [
    ['from another origin', { Origin: 'https://evil.example' }],
    ['from nowhere', { Origin: '' }],
    ['from an opaque origin', { Origin: 'null' }],
    ['from a sibling site', { 'Sec-Fetch-Site': 'same-site' }],
    ['from another site', { 'Sec-Fetch-Site': 'cross-site' }],
  ] as const)
    it(`refuses one ${what}`, async () => {
      const { visitor, path, form } = await opened()
      const answer = await visitor.post(`${path}/accounts`, form, headers)
      assert.equal(answer.status, 403)
      assert.equal(headingOf(answer.html), 'We could not accept that')
      assert.deepEqual(bank.state.decisions, [])
    })

  it('refuses one without token, with a broken one, and with one of another journey or step', async () => {
    const { visitor, path, csrf, page } = await opened()
    const other = await opened()
    const ofCancel = hidden(page.html, `${path}/cancel`)
    for (const token of ['', 'a.b.c', `${csrf}x`, `${csrf}.x`, csrf.slice(2), other.csrf, ofCancel]) {
      const form = fields({ csrf: token, accounts: ['acc-everyday'] })
      const answer = await visitor.post(`${path}/accounts`, form)
      // a token cut behind its first half is ours, but says nothing about the page: it is shown anew
      assert.ok(answer.status === 403 || answer.status === 409, `${token}: ${answer.status}`)
    }
    assert.deepEqual(bank.state.decisions, [])
  })

  it('makes a new token for every page shown', async () => {
    const { visitor, path, csrf } = await opened()
    const again = await visitor.get(`${path}/accounts`)
    assert.notEqual(hidden(again.html, `${path}/accounts`), csrf)
  })

  it('does not show or take a journey in another browser', async () => {
    const { path, form } = await opened()
    const stranger = bank.begin()
    for (const answer of [
      await stranger.visitor.get(`${path}/accounts`),
      await stranger.visitor.post(`${path}/accounts`, form),
      await bank.visitor().get(`${path}/login`),
      await bank.visitor().post(`${path}/cancel`, form),
    ]) {
      assert.equal(answer.status, 400)
      assert.equal(headingOf(answer.html), 'This link has expired')
    }
    assert.deepEqual(bank.state.decisions, [])
  })

  it('skips no step', async () => {
    const { visitor, path, uid } = bank.begin()
    const first = await visitor.get(`${path}/login`)
    for (const step of ['sca', 'accounts']) {
      const form = fields({ csrf: hidden(first.html, `${path}/login`), accounts: ['acc-everyday'] })
      for (const answer of [
        await visitor.get(`${path}/${step}`),
        await visitor.post(`${path}/${step}`, form),
      ]) {
        assert.equal(answer.status, 303)
        assert.equal(answer.headers.location, `${path}/login`)
      }
    }
    assert.equal(bank.journey(uid)?.progress.step, 'login')
    assert.equal(bank.state.checks, 0)
  })

  it('checks no password that comes with a forged form', async () => {
    const { visitor, path } = bank.begin()
    const form = fields({ csrf: 'forged', login: '1234567890', password: 'right' })
    assert.equal((await visitor.post(`${path}/login`, form)).status, 403)
    assert.equal(bank.state.checks, 0)
  })

  it('reads forms only, and none above 16 kB', async () => {
    const { visitor, path, form } = await opened()
    const json = await visitor.post(`${path}/accounts`, '{}', { 'Content-Type': 'application/json' })
    assert.equal(json.status, 415)
    const large = await visitor.post(`${path}/accounts`, `${form}&x=${'y'.repeat(17_000)}`)
    assert.equal(large.status, 413)
    assert.equal(headingOf(large.html), 'We could not read that')
    assert.deepEqual(bank.state.decisions, [])
  })

  it('lets nobody sign in as somebody else by a form prepared elsewhere', async () => {
    const attacker = bank.visitor()
    const page = await attacker.get('/login')
    const victim = bank.visitor()
    const form = fields({ csrf: hidden(page.html, '/login'), login: '1234567890', password: 'right' })
    assert.equal(headingOf((await victim.post('/login', form)).html), 'Your browser is blocking cookies')
    await victim.get('/login')
    assert.equal((await victim.post('/login', form)).status, 403)
    assert.equal(bank.state.checks, 0)
  })
})
