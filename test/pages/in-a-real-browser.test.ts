import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { connection, everyday, joint, kids, openTestBank, savings, type TestBank } from './test-bank.ts'

describe('in a real browser, without scripts', () => {
  let bank: TestBank
  let browser: Browser
  let app: Server
  let appOrigin: string

  before(async function () {
    browser = await launchChromium(this)
    bank = await openTestBank()
    app = createServer((_, response) => response.end('<h1>Acme Budget</h1>'))
    await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
    appOrigin = `http://127.0.0.1:${(app.address() as AddressInfo).port}` // it listens on TCP
  })
  after(async () => {
    await browser?.close()
    app?.close()
    await bank?.close()
  })
  beforeEach(() => {
    bank.state.accounts = [everyday, savings, joint, kids]
    bank.state.decisions.length = 0
    bank.state.appAnswersAt = `${appOrigin}/callback?code=x`
  })

  const opened = async (width: number, redirectOrigin = appOrigin) => {
    const { uid, path } = bank.begin({ redirectOrigin })
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width, height: 800 } })
    await context.addCookies([{ name: 'browser', value: uid, url: bank.origin }])
    const page = await context.newPage()
    await page.goto(`${bank.origin}${path}`)
    return page
  }
  const toAccounts = async (page: Page) => {
    await page.fill('#login', '1234567890')
    await page.fill('#password', 'right')
    await page.click('#login-submit')
    await page.fill('#code', '123 456')
    await page.keyboard.press('Enter')
  }
  const fits = async (page: Page) => {
    const content = await page.locator('html').evaluate((html) => [html.scrollWidth, html.clientWidth])
    assert.equal(content[0], content[1], `${page.url()} scrolls sideways`)
  }

  it('shares, and comes back to the app on another origin', async () => {
    const page = await opened(1280)
    await toAccounts(page)
    await page.check('#accounts')
    await page.check('#accounts-2')
    await page.click('#consent-allow')
    assert.equal(page.url(), `${appOrigin}/callback?code=x`)
    const [decision] = bank.state.decisions
    assert.equal(decision?.kind === 'agreed' && decision.accounts.length, 2)
    await page.context().close()
  })

  it('refuses, and comes back to the app', async () => {
    const page = await opened(360)
    await toAccounts(page)
    await page.click('#consent-deny')
    assert.equal(page.url(), `${appOrigin}/callback?code=x`)
    assert.equal(bank.state.decisions[0]?.kind, 'refused')
    await page.context().close()
  })

  it('cancels at sign-in by keyboard alone, and comes back to the app', async () => {
    const page = await opened(1280)
    await page.focus('#login-submit')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${appOrigin}/**`)
    assert.equal(bank.state.decisions[0]?.kind, 'refused')
    await page.context().close()
  })

  it('is not led anywhere else by a form', async () => {
    const page = await opened(1280, 'https://acmebudget.example')
    const logged: string[] = []
    page.on('console', (message) => logged.push(message.text()))
    await page.click('#cancel')
    await page.waitForTimeout(300)
    assert.ok(page.url().startsWith(bank.origin))
    assert.match(logged.join(), /form-action/)
    await page.context().close()
  })

  it('gives both answers the same room', async () => {
    for (const width of [1280, 360]) {
      const page = await opened(width)
      await toAccounts(page)
      const allow = await page.locator('#consent-allow').boundingBox()
      const deny = await page.locator('#consent-deny').boundingBox()
      assert.ok(allow && deny)
      assert.ok(Math.abs(allow.width - deny.width) <= 1 && Math.abs(allow.height - deny.height) <= 1)
      await page.context().close()
    }
  })

  it('needs no sideways scrolling at 320 pixels, and has targets of 44 pixels', async () => {
    const page = await opened(320)
    await fits(page)
    await page.click('#login-submit')
    assert.equal(await page.locator('#error-summary').evaluate((box) => box.matches(':focus')), true)
    await fits(page)
    await toAccounts(page)
    await fits(page)
    for (const target of await page.locator('button, summary, .govuk-checkboxes__item').all())
      assert.ok(((await target.boundingBox())?.height ?? 0) >= 44)
    bank.state.connections = [connection('c1')]
    await page.goto(`${bank.origin}/connections`)
    await toAccounts(page)
    await fits(page)
    for (const path of ['/connections/c1', '/connections/c1/stop']) {
      await page.goto(`${bank.origin}${path}`)
      await fits(page)
    }
    await page.context().close()
  })
})
