import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import { acme, openTestBank, type TestBank } from './test-bank.ts'
import { fields, headingOf, hidden, textOf } from './visitor.ts'

describe('signing in goes wrong', () => {
  let bank: TestBank
  before(async () => {
    bank = await openTestBank()
  })
  after(() => bank.close())
  beforeEach(() => {
    bank.state.passwordResult = undefined
    bank.state.codeResult = undefined
    bank.state.checks = 0
  })

  const tryPassword = async (login: string, password: string) => {
    const { visitor, path } = bank.begin()
    const page = await visitor.get(`${path}/login`)
    const answer = await visitor.post(
      `${path}/login`,
      fields({ csrf: hidden(page.html, `${path}/login`), login, password }),
    )
    assert.equal(answer.status, 303)
    return { visitor, path, answer: await visitor.follow(answer) }
  }
  const tryCode = async (code: string) => {
    const { visitor, path } = bank.begin({ progress: { step: 'factor', customerId: 'c-alice' } })
    const page = await visitor.get(`${path}/sca`)
    return visitor.follow(
      await visitor.post(`${path}/sca`, fields({ csrf: hidden(page.html, `${path}/sca`), code })),
    )
  }

  it('says one thing for number and password, keeps the number, forgets the password', async () => {
    const { visitor, path, answer } = await tryPassword('1234567890', 'wrong')
    const text = textOf(answer.html)
    assert.match(
      text,
      /Check your customer number and password and try again\. You have 3 tries left before we lock sign-in for 15 minutes\./,
    )
    assert.match(answer.html, /<title>Error: /)
    assert.match(answer.html, /<a href="#login">/)
    assert.match(answer.html, /id="login" name="login" type="text" value="1234567890"/)
    assert.match(answer.html, /name="password" type="password" value=""/)
    const reloaded = await visitor.get(`${path}/login`)
    assert.doesNotMatch(reloaded.html, /There is a problem/)
  })

  it('names each field that is empty and checks nothing', async () => {
    const { answer } = await tryPassword('', '')
    assert.match(answer.html, /<a href="#login">Enter your customer number<\/a>/)
    assert.match(answer.html, /<a href="#password">Enter your password<\/a>/)
    assert.equal(bank.state.checks, 0)
  })

  it('escapes what was typed', async () => {
    const { answer } = await tryPassword('"><b>', 'x')
    assert.match(answer.html, /value="&#34;&gt;&lt;b&gt;"/)
  })

  it('warns before the last try', async () => {
    bank.state.passwordResult = { outcome: 'refused', triesLeft: 1 }
    const { answer } = await tryPassword('1234567890', 'wrong')
    assert.match(textOf(answer.html), /This is your last try before we lock sign-in for 15 minutes\./)
  })

  it('says until when sign-in is locked, and leads back to the app', async () => {
    bank.state.passwordResult = { outcome: 'locked', until: new Date('2026-11-22T15:40:00Z') }
    const { visitor, path, answer } = await tryPassword('1234567890', 'wrong')
    assert.equal(answer.status, 423)
    assert.equal(headingOf(answer.html), 'Sign-in is locked until 15:40')
    const back = await visitor.post(`${path}/cancel`, fields({ csrf: hidden(answer.html, `${path}/cancel`) }))
    assert.equal(back.status, 303)
  })

  it('tells what is wrong with a code', async () => {
    assert.match(textOf((await tryCode('')).html), /Enter the code from your authenticator app/)
    assert.match(textOf((await tryCode('12345')).html), /The code must be 6 numbers/)
    assert.equal(bank.state.checks, 0)
    const wrong = textOf((await tryCode('000000')).html)
    assert.match(wrong, /Check the code and try again\. Each code works once\. This is your last try/)
  })

  it('has a page for an app that has been stopped', async () => {
    const { visitor, path } = bank.begin({ thirdParty: { ...acme, suspended: true } })
    const answer = await visitor.get(`${path}/login`)
    assert.equal(answer.status, 403)
    assert.equal(headingOf(answer.html), 'Acme Budget cannot connect right now')
    assert.doesNotMatch(textOf(answer.html), /fraud|suspend/i)
  })

  it('hides a bug of ours behind a reference that staff can find', async () => {
    bank.state.events.length = 0
    const { visitor, path } = bank.begin({ redirectOrigin: "https://a.example; script-src 'unsafe-inline'" })
    const answer = await visitor.get(`${path}/login`)
    assert.equal(answer.status, 500)
    const [event] = bank.state.events
    assert.equal(event?.kind, 'fault')
    assert.ok(event?.kind === 'fault' && answer.html.includes(event.reference))
    assert.doesNotMatch(answer.html, /TypeError|form target/)
  })

  it('does not take a Problem of the journey for a bug', async () => {
    assert.equal(new Problem('unavailable', 'x').code, 'unavailable')
    bank.state.bankIsDown = true
    const { visitor, path } = bank.begin({
      progress: {
        step: 'accounts',
        authentication: { customerId: 'c-alice', at: bank.state.now, amr: ['pwd', 'otp'] },
      },
    })
    assert.equal((await visitor.get(`${path}/accounts`)).status, 503)
    bank.state.bankIsDown = false
  })
})
