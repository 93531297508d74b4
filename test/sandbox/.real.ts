import { chromium } from 'playwright-core'
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu','--disable-quic','--no-first-run','--disable-background-networking','--disable-component-update','--disable-sync'] })
const context = await browser.newContext({ viewport: { width: 1280, height: 900 } })
const page = await context.newPage()
page.on('console', m => console.log('console:', m.text()))
const who = process.argv[2] ?? 'alice'
const code = async () => ((await (await fetch('http://localhost:3002/customers')).json()) as any).customers.find((c: any) => c.alias === who).code
await page.goto('http://localhost:3001/'); await page.click('#connect')
const shot = (n: string) => page.screenshot({ path: `/tmp/r-${n}.png`, fullPage: true })
console.log(page.url()); await shot('login')
if (!page.url().includes(':3001')) {
await page.fill('[name=login]', who); await page.fill('[name=password]', 'demo-' + who); await page.click('#login-submit')
await page.fill('[name=code]', await code()); await page.click('#code-submit'); await shot('accounts'); console.log(page.url())
const boxes = await page.locator('[name=accounts]').all(); console.log('boxes', boxes.length)
for (const b of boxes.slice(0, 2)) await b.check()
await page.click(process.argv[3] ?? '#consent-allow')
await page.waitForURL(/:3001/)
}
await page.waitForTimeout(300); await shot('back'); console.log(page.url(), await page.locator('#notice').allTextContents())
console.log(await page.locator('.account h2').allTextContents())
console.log((await page.locator('.steps summary').allTextContents()).map(t => t.replace(/\s+/g, ' ').trim()))
await browser.close()
