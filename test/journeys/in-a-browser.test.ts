import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { runDemo } from '../../src/demo.ts'
import { launchChromium } from '../support/chromium.ts'
import { Customer } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import { openTestAuthority } from '../support/pki.ts'
import { openTransport } from '../support/transport.ts'
import { nicknames } from './shared.ts'

/** A page as a person without JavaScript has it, and whatever the browser complained about. */
interface Window {
  readonly page: Page
  readonly context: BrowserContext
  readonly complaints: string[]
}

async function openWindow(browser: Browser, width: number): Promise<Window> {
  const context = await browser.newContext({
    javaScriptEnabled: false,
    ignoreHTTPSErrors: true,
    viewport: { width, height: 800 },
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  return { page, context, complaints }
}

/** Clicks, and waits for the page that comes of it. */
async function press(page: Page, selector: string): Promise<void> {
  await page.click(selector)
  await page.waitForLoadState()
}

async function signIn(page: Page, customer: Customer): Promise<void> {
  await page.fill('#login', customer.facts.customerNumber)
  await page.fill('#password', customer.facts.password)
  await press(page, '#login-submit')
  await page.fill('#code', await customer.code())
  await press(page, '#code-submit')
}

/** Written only where SCREENSHOTS names a folder: docs and people look at them, no test does. */
async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (folder === undefined) return
  await mkdir(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

async function fits(page: Page, name: string): Promise<void> {
  const [content, window] = await page
    .locator('html')
    .evaluate((html) => [html.scrollWidth, html.clientWidth])
  assert.equal(content, window, `${name} scrolls sideways at ${window} pixels`)
}

describe('in a real browser, without JavaScript', () => {
  let browser: Browser
  before(async function () {
    browser = await launchChromium(this)
  })
  after(() => browser?.close())

  describe('the demo', () => {
    let folder: string
    let demo: Awaited<ReturnType<typeof runDemo>>
    let app: string
    let running: { readonly issuer: string; readonly customers: string }
    const transport = openTransport()

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'postern-browser-'))
      // As root, Postgres runs as another user, which has to get to its data.
      await chmod(folder, 0o755)
      const said: string[] = []
      const options = { reset: false, tls: false, folder: join(folder, 'demo') }
      demo = await runDemo(options, (line) => void said.push(line))
      app = /Start here\s+(\S+)/.exec(said.join('\n'))?.[1] ?? ''
      running = JSON.parse(await readFile(join(folder, 'demo', 'running.json'), 'utf8'))
    })
    after(async () => {
      transport.close()
      await demo?.close()
      await rm(folder, { recursive: true, force: true })
    })

    for (const width of [1280, 360])
      it(`connects, shares two of three accounts, stops, and the app is refused (${width} px)`, async () => {
        const { page, context, complaints } = await openWindow(browser, width)
        const look = async (name: string) => {
          await fits(page, name)
          await shot(page, `${width}-${name}`)
        }
        const customer = await Customer.fresh(transport, running.customers)

        await page.goto(app)
        await look('01-app')
        await press(page, '#connect')
        assert.ok(page.url().startsWith(running.issuer))
        await look('02-sign-in')
        await press(page, '#login-submit')
        await look('03-sign-in-missing')
        await page.fill('#login', customer.facts.customerNumber)
        await page.fill('#password', 'wrong')
        await press(page, '#login-submit')
        await look('04-sign-in-wrong')
        await page.fill('#password', customer.facts.password)
        await press(page, '#login-submit')
        await look('05-code')
        await page.fill('#code', await customer.code())
        await press(page, '#code-submit')
        await look('06-accounts')
        assert.equal(await page.locator('input[name=accounts]').count(), 3)
        await press(page, '#consent-allow')
        await look('07-accounts-missing')
        await page.check('#accounts')
        await page.check('#accounts-3')
        await look('08-accounts-chosen')
        await press(page, '#consent-allow')

        assert.equal(page.url(), `${app}/`)
        await look('09-app-connected')
        assert.deepEqual(await page.locator('.account h2').allTextContents(), [
          'Everyday account',
          'Savings account',
        ])
        assert.match((await page.locator('.account').first().textContent()) ?? '', /£[\d,]+\.\d\d/)

        await page.goto(`${running.issuer}/connections`)
        await look('10-bank-sign-in')
        await signIn(page, customer)
        await look('11-connections')
        await press(page, 'a[href^="/connections/"]')
        await look('12-connection')
        const details = (await page.locator('main').textContent()) ?? ''
        assert.match(details, /Everyday account/)
        assert.doesNotMatch(details, /Bills account/)
        await press(page, 'a[href$="/stop"]')
        await look('13-stop')
        await press(page, '#stop-submit')
        await look('14-stopped')

        await page.goto(app)
        await press(page, '#refresh')
        await look('15-app-refused')
        assert.match((await page.locator('#notice').textContent()) ?? '', /Access ended/)
        assert.equal(await page.locator('.account').count(), 0)
        assert.deepEqual(complaints, [])
        await context.close()
      })

    it('refuses, and the app says that nothing was shared', async () => {
      const { page, context, complaints } = await openWindow(browser, 360)
      await page.goto(app)
      await press(page, '#connect')
      await signIn(page, await Customer.fresh(transport, running.customers))
      await press(page, '#consent-deny')
      assert.equal(page.url(), `${app}/`)
      await shot(page, '360-16-app-nothing-shared')
      assert.match((await page.locator('#notice').textContent()) ?? '', /did not share anything/)
      assert.deepEqual(complaints, [])
      await context.close()
    })

    it('signs Alice in by her name, with the code on the desk', async () => {
      const { page, context } = await openWindow(browser, 1280)
      const desk = await context.newPage()
      await desk.goto(running.customers)
      await shot(desk, '1280-17-desk')
      await page.goto(app)
      await press(page, '#connect')
      await page.fill('#login', 'alice')
      await page.fill('#password', 'demo-alice')
      await press(page, '#login-submit')
      const row = desk.locator('tr', { hasText: 'Alice Archer' })
      await page.fill('#code', (await row.locator('code').last().textContent()) ?? '')
      await press(page, '#code-submit')
      await fits(page, "Alice's accounts")
      await shot(page, '1280-18-alice')
      assert.ok((await page.locator('input[name=accounts]').count()) > 1)
      await context.close()
    })

    it('says on a page of the bank what went wrong, with a way on', async () => {
      for (const width of [1280, 360]) {
        const { page, context } = await openWindow(browser, width)
        for (const [name, path] of [
          ['19-not-found', '/nowhere'],
          ['20-expired-link', '/interaction/aaaaaaaaaaaaaaaaaaaaa/login'],
          ['21-start', '/'],
        ] as const) {
          await page.goto(running.issuer + path)
          await fits(page, name)
          await shot(page, `${width}-${name}`)
          assert.match((await page.locator('main').textContent()) ?? '', /\w/)
        }
        await context.close()
      }
    })
  })

  describe('a bank in production’s shape, with the app on another site', () => {
    let house: House
    let app: Server
    let redirectUri: string
    const arrived: string[] = []

    before(async () => {
      house = await openHouse()
      const pair = await (await openTestAuthority()).server(['acme-budget.test'])
      app = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
        if (request.url?.startsWith('/callback')) arrived.push(request.url)
        response.setHeader('content-type', 'text/html')
        response.end(`<h1>Acme Budget</h1><a id="bank" href="${next.replaceAll('&', '&amp;')}">Bank</a>`)
      })
      app.listen(0, '127.0.0.1')
      await once(app, 'listening')
      // It listens on TCP.
      redirectUri = `https://acme-budget.test:${(app.address() as AddressInfo).port}/callback`
    })
    after(async () => {
      app?.close()
      app?.closeAllConnections()
      await house?.close()
    })
    let next = ''

    for (const decision of ['allow', 'deny'] as const)
      it(`comes back from the form to the other site (${decision})`, async () => {
        const acme = await house.register({ redirectUris: [redirectUri] })
        const { page, context, complaints } = await openWindow(browser, 360)
        const asked = await acme.ask()
        next = asked.url
        await page.goto(new URL('/', redirectUri).href)
        // From the app's page, so that every cookie and header is that of a visit across sites.
        await press(page, '#bank')
        await signIn(page, await house.customer())
        if (decision === 'allow') await page.check('#accounts-2')
        await press(page, `#consent-${decision}`)
        assert.ok(page.url().startsWith(`${redirectUri}?`), page.url())
        assert.deepEqual(
          complaints.filter((text) => !text.includes('favicon')),
          [],
        )
        if (decision === 'allow') {
          const tokens = await acme.collect(page.url(), asked)
          const body = await acme.read('/accounts', tokens.accessToken)
          assert.deepEqual(nicknames(body), ['Bills account'])
        } else assert.equal(new URL(page.url()).searchParams.get('error'), 'access_denied')
        await context.close()
      })

    it('and once only: Back and a reload share nothing twice', async () => {
      const acme = await house.register({ redirectUris: [redirectUri] })
      const { page, context } = await openWindow(browser, 1280)
      const asked = await acme.ask()
      await page.goto(asked.url)
      await signIn(page, await house.customer())
      await page.check('#accounts')
      await press(page, '#consent-allow')
      const before = arrived.length
      await page.goBack()
      assert.ok(page.url().startsWith(house.issuer))
      await fits(page, 'after Back')
      await shot(page, '1280-22-back')
      assert.equal(await page.locator('#consent-allow').count(), 0)
      assert.equal(arrived.length, before)
      await acme.collect(`${redirectUri}${arrived.at(-1)?.replace('/callback', '')}`, asked)
      await context.close()
    })
  })
})
