import assert from 'node:assert/strict'
import { agree } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'

describe('cookies (hardening.md §2)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  /** Every Set-Cookie line of a whole journey and a visit to connected apps. */
  async function everySetCookie(): Promise<readonly string[]> {
    const [browser, customer] = [house.browser(), await house.customer()]
    const asked = await acme.ask()
    const pages = [await browser.get(asked.url)]
    const accounts = await customer.signIn(browser, pages[0] ?? assert.fail())
    const form = accounts.form('consent-allow')
    const values = accounts.fields('accounts').map(({ value }) => value)
    const gone = await browser.submit(form, { accounts: values }, 'consent-allow')
    const list = await (await house.customer()).openConnections(browser, house.issuer)
    return [...pages, accounts, gone, list]
      .flatMap(({ trail }) => trail)
      .flatMap(({ headers }) => headers['set-cookie'] ?? [])
  }

  it('are unreadable by scripts, sent over TLS alone and not with foreign posts', async () => {
    const lines = await everySetCookie()
    assert.ok(lines.length >= 6, lines.join('\n'))
    for (const line of lines) {
      assert.match(line, /;\s*HttpOnly/i, line)
      assert.match(line, /;\s*Secure/i, line)
      assert.match(line, /;\s*SameSite=(Lax|Strict)/i, line)
      assert.doesNotMatch(line, /;\s*Domain=/i, line)
      assert.match(line, /^__(Host|Secure)-/, line)
      if (line.startsWith('__Host-')) assert.match(line, /;\s*Path=\/(;|$)/i, line)
    }
  })

  it("keep an interaction's to its own path, for half an hour at most", async () => {
    const browser = house.browser()
    await browser.get((await acme.ask()).url)
    const { cookies } = browser.jar
    assert.deepEqual(cookies.map(({ name }) => name).sort(), [
      '__Secure-interaction',
      '__Secure-interaction.sig',
      '__Secure-resume',
      '__Secure-resume.sig',
    ])
    for (const { name, path, expiresAt } of cookies) {
      assert.match(path, name.includes('resume') ? /^\/authorize\/./ : /^\/interaction\/./)
      const seconds = ((expiresAt ?? Number.POSITIVE_INFINITY) - Date.now()) / 1000
      assert.ok(seconds <= 30 * 60 + 1, `${name}: ${seconds} s`)
    }
  })

  it('are worth nothing without their signature, or with another one', async () => {
    const browser = house.browser()
    const page = await browser.get((await acme.ask()).url)
    for (const value of ['', 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']) {
      const signature = browser.jar.cookies.find(({ name }) => name === '__Secure-interaction.sig')
      browser.jar.plant({ ...(signature ?? assert.fail()), value })
      const again = await browser.reload(page)
      assert.equal(again.hasForm('login-submit'), false)
    }
  })

  it("leave no session of the engine's behind: the browser is nobody once it has left", async () => {
    const sessions = await house.sql('select key from customer_session')
    const [browser, customer] = [house.browser(), await house.customer()]
    const callback = await agree(browser, await customer.arrive(browser, (await acme.ask()).url), {
      accounts: 'all',
    })
    assert.ok(callback)
    const left = browser.jar.cookies.map(({ name, path }) => `${name} ${path.split('/')[1]}`)
    // The interaction's own stays on the interaction's own path, so that a second click leads on to the same place.
    assert.deepEqual(left.sort(), [
      '__Secure-interaction interaction',
      '__Secure-interaction.sig interaction',
    ])
    assert.deepEqual(await house.sql('select key from customer_session'), sessions)
  })

  it('of an engine session that never was change nothing: the customer is asked again', async () => {
    const [browser, customer] = [house.browser(), await house.customer()]
    await customer.authorise(browser, (await acme.ask()).url)
    const page = await browser.get((await acme.ask()).url)
    assert.ok(page.hasForm('login-submit'), page.described)
  })
})
