import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { launchChromium } from './support/chromium.ts'
describe('x', () => {
  let browser: Awaited<ReturnType<typeof launchChromium>>
  before(async function () { browser = await launchChromium(this) })
  after(() => browser?.close())
  it('opens', async () => {
    const s = createServer((_q, r) => r.setHeader('content-type','text/html').end('<h1>hi</h1>'))
    await new Promise<void>(r => s.listen(0, '127.0.0.1', r))
    const port = (s.address() as {port:number}).port
    const p = await (await browser.newContext({ignoreHTTPSErrors:true})).newPage()
    for (const h of ['auth.postern.test','localhost','127.0.0.1']) {
    await p.goto(`http://${h}:${port}/`)
    assert.equal(await p.textContent('h1'), 'hi') }
    await assert.rejects(p.goto('http://example.com/'))
    s.close()
  })
})
describe('y', () => { before(async function () { await launchChromium(this) }); it('z', () => {}) })
