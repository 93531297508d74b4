import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer, OutgoingRequest } from '../support/transport.ts'

describe('every answer of the authority (hardening.md §1, FAPI 2.0 Security Profile §5.2.3)', () => {
  let house: House
  let acme: ThirdParty
  let answers: readonly Answer[]
  before(async () => {
    house = await openHouse()
    acme = await house.register()
    answers = await askEverything()
  })
  after(() => house.close())

  const send = (path: string, more: Partial<OutgoingRequest> = {}) =>
    house.transport.send({ url: `${house.issuer}${path}`, ...more })
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  /** Good and bad, JSON and HTML, from every door of the authority. */
  async function askEverything(): Promise<readonly Answer[]> {
    const browser = house.browser()
    const asked = await acme.ask()
    const journey = await browser.get(asked.url)
    const certificate = house.config.certificate.url
    return [
      ...journey.trail,
      await send('/.well-known/openid-configuration'),
      await send('/jwks'),
      await send('/'),
      await send('/connections'),
      await send('/login'),
      await send('/nothing'),
      await send('/interaction/nobody/login', { headers: { accept: 'text/html' } }),
      await send('/authorize', { headers: { accept: 'text/html' } }),
      await send('/authorize/nobody-was-ever-called-this', { headers: { accept: 'text/html' } }),
      await send('/userinfo'),
      await send('/token'),
      ...(await Promise.all(
        ['/par', '/token', '/introspect', '/revoke', '/register'].flatMap((path) => [
          send(path, { method: 'POST', headers: form, body: 'x=1' }),
          send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }),
        ]),
      )),
      await house.transport.send({ url: `${certificate}/` }),
      await house.transport.send({ url: `${certificate}/token`, method: 'POST' }),
      await acme.revoke('nothing'),
    ]
  }

  const described = ({ method, url, status }: Answer) => `${method} ${new URL(url).pathname} ${status}`
  const each = (check: (answer: Answer) => void): void => {
    assert.ok(answers.length > 20)
    for (const answer of answers) check(answer)
  }

  it('forbids frames, sniffing, scripts and the way back to http', () =>
    each((answer) => {
      const { headers } = answer
      const csp = String(headers['content-security-policy'])
      assert.match(csp, /default-src 'none'/, described(answer))
      assert.match(csp, /frame-ancestors 'none'/, described(answer))
      assert.doesNotMatch(csp, /unsafe|\*|data:|http:/, described(answer))
      assert.equal(headers['x-content-type-options'], 'nosniff', described(answer))
      assert.equal(
        headers['strict-transport-security'],
        'max-age=63072000; includeSubDomains',
        described(answer),
      )
      assert.match(String(headers['referrer-policy']), /^(no-referrer|same-origin)$/, described(answer))
    }))

  it('says nothing of what runs here', () =>
    each((answer) => {
      assert.equal(answer.headers.server, undefined, described(answer))
      assert.equal(answer.headers['x-powered-by'], undefined, described(answer))
      assert.doesNotMatch(
        answer.body,
        /node_modules|oidc-provider|koa|postgres|at \w+ \(/i,
        described(answer),
      )
    }))

  it('is kept by nobody unless it is for everybody', () =>
    each((answer) => {
      const shared = /well-known|jwks|assets/.test(answer.url)
      assert.equal(
        answer.headers['cache-control'],
        shared ? 'public, max-age=300' : 'no-store',
        described(answer),
      )
    }))

  it('is read by no other origin unless it is for everybody', () =>
    each((answer) => {
      const shared = /well-known|jwks/.test(answer.url)
      assert.equal(answer.headers['access-control-allow-origin'], shared ? '*' : undefined, described(answer))
    }))

  it('carries an x-fapi-interaction-id', () =>
    each((answer) => {
      assert.match(String(answer.headers['x-fapi-interaction-id']), /^[0-9a-f-]{36}$/, described(answer))
    }))

  it("repeats the caller's interaction id when it is a UUID, and makes one otherwise", async () => {
    const id = randomUUID()
    const echoed = await acme.revoke('x', { headers: { 'x-fapi-interaction-id': id } })
    assert.equal(echoed.headers['x-fapi-interaction-id'], id)
    for (const wrong of ['x', `${id}x`, 'a'.repeat(400), '<script>', '../../etc/passwd']) {
      const answer = await acme.revoke('x', { headers: { 'x-fapi-interaction-id': wrong } })
      assert.match(String(answer.headers['x-fapi-interaction-id']), /^[0-9a-f-]{36}$/)
      assert.notEqual(answer.headers['x-fapi-interaction-id'], wrong)
    }
  })

  it('to a page of another origin has no CORS header, asked or preflighted', async () => {
    const origin = 'https://shady-ledger.test'
    for (const path of ['/token', '/par', '/introspect', '/revoke', '/userinfo', '/register', '/authorize'])
      for (const method of ['OPTIONS', 'POST', 'GET']) {
        const answer = await send(path, {
          method,
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'dpop',
          },
        })
        const names = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
        assert.deepEqual(names, [], `${method} ${path}`)
        assert.ok(answer.status >= 400, `${method} ${path}: ${answer.status}`)
      }
  })

  it('to GET and the like at an endpoint that takes POST is 405 with Allow', async () => {
    for (const path of ['/token', '/par', '/introspect', '/revoke', '/register'])
      for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
        const answer = await send(path, { method })
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.headers.allow, 'POST')
      }
  })

  it('to parameters in the URL of such an endpoint is a refusal: they end up in logs', async () => {
    for (const path of ['/token', '/par', '/introspect', '/revoke'])
      assert.equal((await send(`${path}?client_id=x`, { method: 'POST', headers: form })).status, 400)
  })

  it('to a body that is too large is a refusal, and the next request is answered', async () => {
    const body = `token=${'x'.repeat(100_000)}`
    for (const path of ['/token', '/par', '/introspect', '/revoke', '/register']) {
      const answer = await send(path, { method: 'POST', headers: form, body })
      assert.ok([400, 401, 413].includes(answer.status), `${path}: ${answer.status}`)
    }
    assert.equal((await acme.revoke('x')).status, 200)
  })

  it('to a body of another kind is a refusal', async () => {
    for (const path of ['/token', '/par', '/introspect', '/revoke'])
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x', undefined]) {
        const headers = { 'content-type': type }
        const answer = await send(path, { method: 'POST', headers, body: '{"client_id":"x"}' })
        assert.ok([400, 401].includes(answer.status), `${path} ${type}: ${answer.status}`)
      }
  })

  it('to a URL that is too long is a refusal, and soon', async () => {
    const answer = await send(`/authorize?scope=${'x'.repeat(9_000)}`)
    assert.equal(answer.status, 400)
    assert.ok(answer.milliseconds < 1_000)
  })

  it('to a parameter twice in the query is a refusal, known or not, of a good request too (threats A8)', async () => {
    const { url } = await acme.ask()
    for (const query of ['client_id=x', 'x=1&x=2', 'state=1&state=1', 'request_uri=x']) {
      const answer = await house.transport.send({ url: `${url}&${query}` })
      assert.equal(answer.status, 400, query)
      assert.equal(answer.headers['set-cookie'], undefined)
    }
    assert.equal((await house.browser().get(url)).status, 200)
  })

  it('to HTML never loads a script or a font, inline or not', () =>
    each((answer) => {
      if (!String(answer.headers['content-type']).startsWith('text/html')) return
      assert.doesNotMatch(
        answer.body,
        /<script|\son\w+=|javascript:|<iframe|@font-face|style="/i,
        described(answer),
      )
    }))
})
