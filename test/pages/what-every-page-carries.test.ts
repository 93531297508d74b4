import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { contentSecurityPolicy } from '../../src/pages/page-headers.ts'
import { account, acme, authenticated, brand, connection, openTestBank, type TestBank } from './test-bank.ts'
import { type Answer, fields, hidden, textOf, type Visitor } from './visitor.ts'

async function signIn(visitor: Visitor): Promise<void> {
  const login = await visitor.get('/login')
  await visitor.post(
    '/login',
    fields({ csrf: hidden(login.html, '/login'), login: '1234567890', password: 'right' }),
  )
  const code = await visitor.get('/login/code')
  await visitor.post('/login/code', fields({ csrf: hidden(code.html, '/login/code'), code: '123456' }))
}

/** One of each kind of page, by name. */
async function everyPage(bank: TestBank): Promise<ReadonlyMap<string, Answer>> {
  bank.state.connections = [connection('c1'), connection('c2', { state: 'ended', endedBecause: 'expired' })]
  const customer = bank.visitor()
  const pages = new Map<string, Answer>()
  pages.set('/', await customer.get('/'))
  pages.set('/login', await customer.get('/login'))
  pages.set('no such page', await customer.get('/connections/c1/nothing'))
  await signIn(customer)
  for (const path of ['/connections', '/connections?show=ended', '/connections/c1', '/connections/c1/stop'])
    pages.set(path, await customer.get(path))
  pages.set('ended', await customer.get('/connections/c2/stop'))
  pages.set('unknown', await customer.get('/connections/c9'))
  for (const [step, progress] of [
    ['login', { step: 'login', signedOut: true }],
    ['sca', { step: 'factor', customerId: 'c-alice' }],
    ['accounts', authenticated],
    ['', { step: 'decided' }],
  ] as const) {
    const { visitor, path } = bank.begin({ progress })
    pages.set(`journey ${step}`, await visitor.get(`${path}/${step}`))
  }
  return pages
}

describe('what every page carries', () => {
  let bank: TestBank
  let pages: ReadonlyMap<string, Answer>
  before(async () => {
    bank = await openTestBank()
    pages = await everyPage(bank)
  })
  after(() => bank.close())

  it('is the strict policy, and the redirect origin only inside a journey', () => {
    const strict =
      "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'; report-to csp"
    for (const [name, { headers }] of pages) {
      const inJourney = ['journey login', 'journey sca', 'journey accounts'].includes(name)
      const wanted = inJourney
        ? strict.replace("form-action 'self'", "form-action 'self' https://acmebudget.example")
        : strict
      assert.equal(headers['content-security-policy'], wanted, name)
      assert.equal(headers['cache-control'], 'no-store', name)
      assert.equal(headers['x-content-type-options'], 'nosniff', name)
      assert.equal(headers['x-frame-options'], 'DENY', name)
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', name)
      assert.equal(headers['strict-transport-security'], undefined, name)
    }
  })

  it('is same-origin as referrer policy where there is a form, so that browsers send an Origin', () => {
    for (const [name, { headers, html }] of pages)
      assert.equal(headers['referrer-policy'], html.includes('<form') ? 'same-origin' : 'no-referrer', name)
  })

  it('is one h1, a title, a language, a label per input and the same help', () => {
    for (const [name, { html }] of pages) {
      assert.equal(html.match(/<h1/g)?.length, 1, name)
      assert.match(html, /<html lang="en">/, name)
      assert.match(html, /<title>[^<]+ – Meridian Bank<\/title>/, name)
      assert.match(
        html,
        /Call <span class="help__phone">0800 555 0199<\/span>, every day 7:00 to 23:00\./,
        name,
      )
      assert.match(html, /<body class="page">\s*<a href="#main-content"/, name)
      for (const [, id] of html.matchAll(/<input(?![^>]*type="hidden")[^>]* id="([^"]+)"/g))
        assert.ok(html.includes(`for="${id}"`), `${name}: ${id}`)
      const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
      assert.equal(new Set(ids).size, ids.length, `${name}: ids are unique`)
    }
  })

  it('is no script, no inline style, nothing from elsewhere, no required and no tab order of its own', () => {
    for (const [name, { html }] of pages) {
      assert.doesNotMatch(
        html,
        /<script|<style| style=| on[a-z]+=|http-equiv| required| tabindex="[1-9]/i,
        name,
      )
      for (const [, address] of html.matchAll(/ (?:src|srcset|action)="([^"]*)"/g))
        assert.match(address ?? '', /^\//, name)
    }
  })

  it('is less than 20 kB with its stylesheet, as it travels', async () => {
    const html = pages.get('journey accounts')?.html ?? ''
    const sheets = [...html.matchAll(/<link rel="stylesheet" href="([^"]+)"/g)].map(([, href]) => href ?? '')
    let size = gzipSync(html).length
    for (const sheet of sheets) {
      const answer = await bank.visitor().get(sheet)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable')
      assert.doesNotMatch(answer.html, /@font-face|url\(/)
      size += gzipSync(answer.html).length
    }
    assert.ok(sheets.length === 2 && size < 20_000, `${size} bytes`)
  })

  it('fits autocomplete, so that password managers and codes from messages work', () => {
    const login = pages.get('journey login')?.html ?? ''
    assert.match(login, /name="login"[^>]*autocomplete="username"/)
    assert.match(login, /name="password"[^>]*autocomplete="current-password"/)
    assert.match(
      pages.get('journey sca')?.html ?? '',
      /name="code"[^>]*autocomplete="one-time-code" inputmode="numeric"/,
    )
  })

  it('says after five idle minutes what happened', () => {
    assert.match(
      textOf(pages.get('journey login')?.html ?? ''),
      /We signed you out You were away for 5 minutes\. Nothing was shared\./,
    )
  })

  it('is refused to a page that wants to frame it', async () => {
    for (const place of ['iframe', 'frame', 'embed', 'object'])
      assert.equal((await bank.visitor().get('/', { 'Sec-Fetch-Dest': place })).status, 403)
  })

  it('escapes whatever an app calls itself, and takes tricks out of it', async () => {
    for (const name of [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "' onmouseover='alert(1)",
      '<%= secrets %>',
      'Acme\u202EtegduB',
      '{{constructor}}',
      'x'.repeat(5000),
      '\u200b\u200d',
    ]) {
      const hostile = { ...acme, name, organisationName: name, clientUri: 'javascript:alert(1)' }
      const { visitor, path } = bank.begin({ thirdParty: hostile, progress: authenticated })
      const { html, status } = await visitor.get(`${path}/accounts`)
      assert.equal(status, 200)
      assert.doesNotMatch(html, /<script|<img src=x|onmouseover='|javascript:|\u202e|\u200b/i)
      assert.ok(html.length < 20_000)
    }
  })

  it('escapes account names as well', async () => {
    bank.state.accounts = [account('a', { nickname: '<b>bold</b>' }), account('b')]
    const { visitor, path } = bank.begin({ progress: authenticated })
    assert.match((await visitor.get(`${path}/accounts`)).html, /&lt;b&gt;bold&lt;\/b&gt;/)
  })

  it('leaves other paths to whoever comes next', async () => {
    for (const path of ['/token', '/.well-known/openid-configuration', '/loginx', '/interactions'])
      assert.equal((await bank.visitor().get(path)).html, 'the next one', path)
  })

  it('never holds a form target that could end the policy', () => {
    assert.match(contentSecurityPolicy('acme:'), /form-action 'self' acme:;/)
    assert.match(
      contentSecurityPolicy('http://127.0.0.1:8080'),
      /form-action 'self' http:\/\/127\.0\.0\.1:8080;/,
    )
    for (const hostile of [
      "https://a.example; script-src 'unsafe-inline'",
      'https://a.example *',
      '*',
      "'self'",
      'https://a.example/path',
    ])
      assert.throws(() => contentSecurityPolicy(hostile), TypeError)
  })

  it('is written in templates that print raw HTML only where they include each other', () => {
    const views = new URL('../../views/', import.meta.url)
    for (const file of readdirSync(views, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ejs')) continue
      const raw = readFileSync(new URL(file, views), 'utf8').match(/<%-[^%]*/g) ?? []
      for (const tag of raw) assert.match(tag, /^<%- (include\(|content )/, file)
    }
  })
})

describe('a secure door', () => {
  it('adds Strict-Transport-Security and keeps its cookies to itself', async () => {
    const bank = await openTestBank({ secure: true, look: { ...brand, accentColour: '#7a1fa2' } })
    const answer = await bank.visitor().get('/login')
    assert.equal(answer.headers['strict-transport-security'], 'max-age=63072000; includeSubDomains')
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    assert.match(cookie, /^__Host-postern-visit=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
    const sheet = /href="(\/assets\/brand-[^"]+)"/.exec(answer.html)?.[1] ?? ''
    assert.match((await bank.visitor().get(sheet)).html, /--accent:#7a1fa2/)
    await bank.close()
  })
})
