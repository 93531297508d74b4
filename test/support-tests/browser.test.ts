import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser } from '../support/browser.ts'
import { openTransport, type Transport } from '../support/transport.ts'
import { Unexpected } from '../support/unexpected.ts'

interface Heard {
  readonly method: string
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

const form = `<form method="post" action="/agree"><input type="hidden" name="csrf" value="t1">
  <input type="checkbox" name="accounts" value="A"><input type="checkbox" name="accounts" value="B">
  <button id="allow">Share</button></form><a href="/next">Next</a>`

describe('the scripted browser', () => {
  const heard: Heard[] = []
  let server: http.Server
  let transport: Transport
  let base: string
  let policy: Record<string, string> = {}

  before(async () => {
    server = http.createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      heard.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
      if (request.url === '/agree')
        return response.writeHead(303, { location: '/resume', 'set-cookie': 'step=2; Path=/resume' }).end()
      if (request.url === '/resume')
        return response.writeHead(303, { location: 'https://acme-budget.test/callback?code=1' }).end()
      if (request.url === '/loop') return response.writeHead(303, { location: '/loop' }).end()
      return response
        .writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'sid=1; Path=/; HttpOnly', ...policy })
        .end(form)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A server on a TCP port has an AddressInfo.
    base = `http://localhost:${(server.address() as AddressInfo).port}`
    transport = openTransport()
  })

  after(() => {
    transport.close()
    server.close()
  })

  beforeEach(() => {
    heard.length = 0
    policy = {}
  })

  function browser() {
    return new Browser({ transport })
  }

  it('follows a post through its redirects and stops at the third party', async () => {
    const visit = browser()
    const page = await visit.get(`${base}/consent`)
    const left = await visit.submit(page.form('allow'), { accounts: ['B'] }, 'allow')
    assert.equal(left.callback, 'https://acme-budget.test/callback?code=1')
    assert.deepEqual(
      heard.map(({ method, path, body }) => [method, path, body]),
      [
        ['GET', '/consent', ''],
        ['POST', '/agree', 'csrf=t1&accounts=B'],
        ['GET', '/resume', ''],
      ],
    )
    assert.equal(heard[1]?.headers.cookie, 'sid=1')
    assert.equal(heard[2]?.headers.cookie, 'step=2; sid=1')
  })

  it('sends Origin on a post only, and fetch metadata for where it came from', async () => {
    const visit = browser()
    const page = await visit.get(`${base}/consent`)
    await visit.submit(page.form('allow'))
    assert.deepEqual(
      heard.map(({ headers }) => [headers.origin, headers['sec-fetch-site'], headers['sec-fetch-dest']]),
      [
        [undefined, 'none', 'document'],
        [base, 'same-origin', 'document'],
        [undefined, 'same-origin', 'document'],
      ],
    )
    assert.equal(heard[1]?.headers.referer, `${base}/consent`)
  })

  it('says Origin: null from a page that sends no referrer', async () => {
    policy = { 'referrer-policy': 'no-referrer' }
    const visit = browser()
    await visit.submit((await visit.get(`${base}/consent`)).form('allow'))
    assert.equal(heard[1]?.headers.origin, 'null')
    assert.equal(heard[1]?.headers.referer, undefined)
  })

  it('goes no further than form-action lets it, redirects included', async () => {
    policy = { 'content-security-policy': "form-action 'self'" }
    const visit = browser()
    const page = await visit.get(`${base}/consent`)
    await assert.rejects(visit.submit(page.form('allow')), /form-action to allow https:\/\/acme-budget.test/)
    policy = { 'content-security-policy': "form-action 'self' https://acme-budget.test" }
    const second = await visit.get(`${base}/consent`)
    assert.ok((await visit.submit(second.form('allow'))).callback)
  })

  it('cannot do what a person cannot: no such field, value, button or link', async () => {
    const visit = browser()
    const page = await visit.get(`${base}/consent`)
    const allow = page.form('allow')
    for (const attempt of [
      () => visit.submit(allow, { extra: '1' }),
      () => visit.submit(allow, { accounts: ['C'] }),
      () => visit.submit(allow, {}, 'deny'),
      () => visit.follow(page, 'Previous'),
    ])
      await assert.rejects(async () => attempt(), Unexpected)
    assert.throws(() => page.form('deny'), Unexpected)
  })

  it('does what an attacker can: tampers, changes headers, stops before a redirect', async () => {
    const visit = browser()
    const page = await visit.get(`${base}/consent`)
    const stopped = await visit.submit(page.form('allow'), {}, 'allow', {
      tamper: (body) => body.append('accounts', 'C'),
      headers: { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' },
      follow: false,
    })
    assert.equal(stopped.status, 303)
    assert.equal(stopped.answer?.headers.location, '/resume')
    assert.equal(heard[1]?.body, 'csrf=t1&accounts=C')
    assert.equal(heard[1]?.headers.origin, 'https://evil.test')
    assert.equal(heard.length, 2)
  })

  it('gives up on a circle of redirects', async () => {
    await assert.rejects(browser().get(`${base}/loop`), /at most 20 redirects/)
  })
})
