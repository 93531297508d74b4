import assert from 'node:assert/strict'
import { connection, openTestBank, type TestBank } from './test-bank.ts'
import { fields, headingOf, hidden, textOf, type Visitor } from './visitor.ts'

describe('connected apps', () => {
  let bank: TestBank
  let visitor: Visitor
  before(async () => {
    bank = await openTestBank()
  })
  after(() => bank.close())

  beforeEach(async () => {
    bank.state.connections = [
      connection('c1'),
      connection('c2', {
        state: 'ended',
        endedBecause: 'code-reuse',
        endedAt: new Date('2026-07-01T11:00:00Z'),
      }),
    ]
    bank.state.stopped.length = 0
    bank.state.bankIsDown = false
    visitor = bank.visitor()
    const login = await visitor.follow(await visitor.get('/connections'))
    assert.equal(headingOf(login.html), 'Sign in to see your connected apps')
    const code = await visitor.follow(
      await visitor.post(
        '/login',
        fields({ csrf: hidden(login.html, '/login'), login: '1234567890', password: 'right' }),
      ),
    )
    const list = await visitor.follow(
      await visitor.post('/login/code', fields({ csrf: hidden(code.html, '/login/code'), code: '123456' })),
    )
    assert.equal(headingOf(list.html), 'Connected apps and services')
  })

  it('lists what is active, and what has ended with its reason', async () => {
    const active = textOf((await visitor.get('/connections')).html)
    assert.match(active, /Acme Budget Active Everyday account ····4821 and Rainy-day savings ····9917/)
    assert.match(
      active,
      /Ends 22 November 2027, 15:04 \(GMT\) Last looked at your data: 22 November 2026, 09:41 \(GMT\)/,
    )
    const ended = textOf((await visitor.get('/connections?show=ended')).html)
    assert.match(
      ended,
      /Ended Everyday.*1 July 2026, 12:00 \(BST\)\. Meridian Bank ended it for your security\./,
    )
  })

  it('stops one, and says so after reload as well', async () => {
    const question = await visitor.get('/connections/c1/stop')
    const csrf = hidden(question.html, '/connections/c1/stop')
    const answer = await visitor.post('/connections/c1/stop', fields({ csrf, reason: 'not-recognised' }))
    assert.equal(answer.status, 303)
    const first = await visitor.follow(answer)
    assert.equal(headingOf(first.html), 'You have stopped sharing with Acme Budget')
    assert.match(textOf(first.html), /Call 0800 555 0199 now/)
    const reloaded = await visitor.get('/connections/c1/stop')
    assert.equal(headingOf(reloaded.html), 'You have stopped sharing with Acme Budget')
    assert.deepEqual(bank.state.stopped, ['not-recognised'])
  })

  it('stops although the bank does not answer', async () => {
    bank.state.bankIsDown = true
    const question = await visitor.get('/connections/c1/stop')
    assert.match(textOf(question.html), /2 accounts/)
    const csrf = hidden(question.html, '/connections/c1/stop')
    await visitor.post('/connections/c1/stop', fields({ csrf, reason: 'a reason nobody offers' }))
    assert.deepEqual(bank.state.stopped, [undefined])
  })

  it('does not stop one by the form of another, or by somebody else’s', async () => {
    const csrf = hidden((await visitor.get('/connections/c1/stop')).html, '/connections/c1/stop')
    assert.equal((await visitor.post('/connections/c2/stop', fields({ csrf }))).status, 403)
    assert.equal((await visitor.post('/connections/c1/stop', fields({ csrf: 'x' }))).status, 403)
    assert.equal(
      (await bank.visitor().post('/connections/c1/stop', fields({ csrf }))).headers.location,
      '/login',
    )
    assert.deepEqual(bank.state.stopped, [])
  })

  it('knows nothing of connections that are not the customer’s', async () => {
    for (const path of ['/connections/c9', '/connections/c9/stop', '/connections/..%2f..%2fetc'])
      assert.equal((await visitor.get(path)).status, 404, path)
  })

  it('signs out for good', async () => {
    const list = await visitor.get('/connections')
    const stale = visitor.cookies.get('postern-sid') ?? ''
    const answer = await visitor.post('/sign-out', fields({ csrf: hidden(list.html, '/sign-out') }))
    assert.equal(answer.headers['clear-site-data'], '"cache", "storage"')
    assert.match(textOf((await visitor.follow(answer)).html), /You have signed out/)
    visitor.cookies.set('postern-sid', stale)
    assert.equal((await visitor.get('/connections')).headers.location, '/login')
  })

  it('says why somebody has to sign in again', async () => {
    bank.endSessions()
    const page = await visitor.follow(await visitor.get('/connections'))
    assert.match(textOf(page.html), /We signed you out You were away for 5 minutes\./)
  })

  it('begins every session under a new id and ends the one before', async () => {
    const before = visitor.cookies.get('postern-sid') ?? ''
    const login = await bank.visitor().get('/login')
    assert.equal(login.status, 200)
    visitor.cookies.set('postern-sid', 'an-id-that-somebody-planted')
    const page = await visitor.get('/login')
    const form = fields({ csrf: hidden(page.html, '/login'), login: '1234567890', password: 'right' })
    const code = await visitor.follow(await visitor.post('/login', form))
    await visitor.post('/login/code', fields({ csrf: hidden(code.html, '/login/code'), code: '123456' }))
    const after = visitor.cookies.get('postern-sid') ?? ''
    assert.match(after, /^[\w-]{43}$/)
    assert.ok(after !== before && after !== 'an-id-that-somebody-planted')
  })

  it('asks for the password again when the code comes more than five minutes later', async () => {
    const other = bank.visitor()
    const login = await other.get('/login')
    const form = fields({ csrf: hidden(login.html, '/login'), login: '1234567890', password: 'right' })
    const code = await other.follow(await other.post('/login', form))
    bank.state.now = new Date(bank.state.now.getTime() + 301_000)
    const late = await other.post(
      '/login/code',
      fields({ csrf: hidden(code.html, '/login/code'), code: '123456' }),
    )
    assert.equal(late.headers.location, '/login')
  })

  it('does not take a half sign-in that another browser began', async () => {
    const other = bank.visitor()
    const login = await other.get('/login')
    const form = fields({ csrf: hidden(login.html, '/login'), login: '1234567890', password: 'right' })
    await other.post('/login', form)
    const thief = bank.visitor()
    await thief.get('/login')
    thief.cookies.set('postern-half', other.cookies.get('postern-half') ?? '')
    assert.equal((await thief.get('/login/code')).headers.location, '/login')
  })
})
