import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, ask } from './ask.ts'
import { type Child, startChild } from './child.ts'
import { SmallBank } from './small-bank.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('the demo third party', () => {
  let bank: SmallBank
  let directory: Child
  let app: Child
  let environment: Record<string, string>

  before(async () => {
    bank = await SmallBank.open()
    directory = await startChild('directory', { STATE_DIR: await temporaryFolder() })
    environment = {
      ISSUER: bank.url,
      DIRECTORY_URL: directory.url,
      GATEWAY_URL: `${bank.url}/api`,
      STATE_DIR: await temporaryFolder(),
    }
    app = await startChild('third-party', environment)
  })
  after(async () => {
    await app?.stop()
    await directory?.stop()
    await bank?.close()
  })
  beforeEach(() => {
    Object.assign(bank.mood, { customer: 'agrees', consent: 'alive', data: 'given', client: 'known' })
    delete bank.mood.issuer
  })

  /** A browser on the app: keeps its one cookie and follows the bank's redirects. */
  class Browser {
    cookie = ''

    async send(method: string, path: string, headers: Record<string, string> = {}): Promise<Answer> {
      const answer = await ask(new URL(path, app.url).href, {
        method,
        headers: { cookie: this.cookie, ...headers },
      })
      this.cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? this.cookie
      return answer
    }

    async page(): Promise<string> {
      const answer = await this.send('GET', '/')
      assert.equal(answer.status, 200)
      return answer.body
    }

    async post(path: string): Promise<void> {
      const answer = await this.send('POST', path)
      assert.deepEqual([answer.status, answer.headers.location], [303, '/'])
    }

    /** Presses Connect and lets the bank send the browser back: the callback's URL. */
    async goToBank(): Promise<string> {
      const connect = await this.send('POST', '/connect')
      assert.equal(connect.status, 303)
      assert.match(connect.headers.location ?? '', new RegExp(`^${bank.url}/auth\\?`))
      const decided = await ask(connect.headers.location ?? '')
      return decided.headers.location ?? ''
    }

    async connect(): Promise<string> {
      const answer = await this.send('GET', await this.goToBank())
      assert.deepEqual([answer.status, answer.headers.location], [303, '/'])
      return this.page()
    }
  }

  it('invites to connect, and sets no cookie before', async () => {
    const answer = await new Browser().send('GET', '/')
    assert.match(answer.body, /Connect Meridian Bank/)
    assert.equal(answer.headers['set-cookie'], undefined)
    const policy = String(answer.headers['content-security-policy'])
    assert.match(policy, /^default-src 'none'; style-src 'self'; /)
    assert.match(policy, new RegExp(`form-action 'self' ${bank.url}$`))
  })

  it('registers, connects and shows the accounts', async () => {
    const page = await new Browser().connect()
    assert.match(page, /£1,234\.56/)
    assert.match(page, /····4821/)
    assert.equal(page.includes('<i>account'), false)
    assert.match(page, /Everyday &#60;i&#62;account/)
    assert.match(page, /Refresh data/)
    assert(bank.seen.includes('POST /reg'))
  })

  it('shows every step, and no secret in any of them', async () => {
    const browser = new Browser()
    await browser.connect()
    await browser.post('/refresh')
    const page = await browser.page()
    for (const title of [
      'Hands the request',
      'Sends the browser',
      'Gets the browser back',
      'Exchanges the code',
      'Reads the balances',
    ])
      assert.match(page, new RegExp(title))
    assert.match(page, /client_assertion, taken apart/)
    assert.match(page, /id_token, taken apart/)
    assert.match(page, /dpop, taken apart/)
    assert.match(page, /account_access/)
    for (const secret of bank.secrets) assert.equal(page.includes(secret.slice(0, 12)), false)
    assert.equal(/eyJ[\w-]{20}/.test(page), false)
    assert.equal(/<script|style=|javascript:/.test(page), false)
  })

  it('registers once, and keeps a connection through a restart', async () => {
    const browser = new Browser()
    await browser.connect()
    const registrations = () => bank.seen.filter((name) => name === 'POST /reg').length
    assert.equal(registrations(), 1)
    const port = new URL(app.url).port
    assert.equal(await app.stop(), 0)
    app = await startChild('third-party', { ...environment, PORT: port })
    assert.match(await browser.page(), /£1,234\.56/)
    await browser.post('/refresh')
    assert.match(await browser.page(), /£1,234\.56/)
    assert.equal(registrations(), 1)
  })

  it('registers anew with a bank that has forgotten it', async () => {
    const browser = new Browser()
    await browser.connect()
    bank.mood.client = 'forgotten'
    const count = bank.seen.filter((name) => name === 'POST /reg').length
    await new Browser().connect()
    assert.equal(bank.seen.filter((name) => name === 'POST /reg').length, count + 1)
    const software = (await ask(`${directory.url}/software`)).json<{ software: unknown[] }>().software
    assert.equal(software.length, 1)
  })

  it('is friendly when the customer refuses', async () => {
    bank.mood.customer = 'refuses'
    const page = await new Browser().connect()
    assert.match(page, /You did not share anything/)
    assert.match(page, /Connect Meridian Bank/)
  })

  it('says that access ended when the bank stopped it', async () => {
    const browser = new Browser()
    await browser.connect()
    bank.mood.consent = 'ended'
    await browser.post('/refresh')
    const page = await browser.page()
    assert.match(page, /Access ended: Meridian Bank says this connection was stopped/)
    assert.equal(page.includes('£1,234.56'), false)
    assert.match(page, /Connect Meridian Bank/)
  })

  it('keeps what it has when the bank cannot answer for a while', async () => {
    const browser = new Browser()
    await browser.connect()
    bank.mood.data = 'unavailable'
    await browser.post('/refresh')
    const page = await browser.page()
    assert.match(page, /Meridian Bank cannot answer right now/)
    assert.match(page, /£1,234\.56/)
  })

  it('forgets, and gives its tokens back', async () => {
    const browser = new Browser()
    await browser.connect()
    const revocations = () => bank.seen.filter((name) => name === 'POST /revocation').length
    const before = revocations()
    await browser.post('/forget')
    assert.match(await browser.page(), /has forgotten your accounts and told Meridian Bank/)
    assert.equal(revocations(), before + 1)
  })

  it('refuses an answer of another browser, of another bank, and one that was used before', async () => {
    const victim = new Browser()
    await victim.connect()
    const foreign = await new Browser().goToBank()
    await victim.send('GET', foreign)
    assert.match(await victim.page(), /used before, or is from another browser/)

    bank.mood.issuer = 'https://evil.example'
    const mixedUp = await new Browser().connect()
    assert.match(mixedUp, /That did not work/)
    assert.match(mixedUp, /Connect Meridian Bank/)
    delete bank.mood.issuer

    const browser = new Browser()
    const callback = await browser.goToBank()
    await browser.send('GET', callback)
    const exchanges = bank.seen.filter((name) => name === 'POST /token').length
    await browser.send('GET', callback)
    assert.equal(bank.seen.filter((name) => name === 'POST /token').length, exchanges)
  })

  it('takes no orders from a page of another site, nor under another name', async () => {
    const browser = new Browser()
    await browser.connect()
    for (const path of ['/connect', '/refresh', '/forget'])
      assert.equal((await browser.send('POST', path, { origin: 'https://evil.example' })).status, 403)
    assert.equal((await browser.send('GET', '/', { host: 'evil.example' })).status, 421)
    assert.equal((await browser.send('POST', '/refresh', { origin: app.url })).status, 303)
    assert.equal((await browser.send('GET', '/nothing')).status, 404)
  })

  it('gives the cookie to nobody but the server', async () => {
    const answer = await new Browser().send('POST', '/connect')
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    assert.match(cookie, /^acme-budget=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax/)
    const kept = await readFile(join(environment.STATE_DIR ?? '', 'sessions.json'), 'utf8')
    assert.equal(kept.includes(cookie.slice(12, 55)), false)
    for (const name of await readdir(environment.STATE_DIR ?? ''))
      assert.equal((await stat(join(environment.STATE_DIR ?? '', name))).mode & 0o777, 0o600, name)
  })

  it('leads whoever comes under another of its names to its own', async () => {
    const answer = await ask(app.url.replace('localhost', '127.0.0.1'))
    assert.deepEqual([answer.status, answer.headers.location], [303, app.url])
  })

  it('says so when the bank or the directory cannot be reached', async () => {
    const alone = await startChild('third-party', {
      ISSUER: 'http://localhost:9',
      DIRECTORY_URL: 'http://localhost:9',
      GATEWAY_URL: 'http://localhost:9/api',
      STATE_DIR: await temporaryFolder(),
    })
    const connect = await ask(`${alone.url}/connect`, { method: 'POST' })
    assert.deepEqual([connect.status, connect.headers.location], [303, '/'])
    const [cookie = ''] = connect.headers['set-cookie'] ?? []
    const page = await ask(`${alone.url}/`, { headers: { cookie: cookie.split(';')[0] ?? '' } })
    assert.match(page.body, /cannot answer right now/)
    assert.equal(await alone.stop(), 0)
  })
})
