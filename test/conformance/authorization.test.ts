import assert from 'node:assert/strict'
import { newPendingRequest, type Parameters, requestParameters } from '../support/authorization-request.ts'
import { refuse } from '../support/customer.ts'
import { expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'
import { agreed } from './agreed.ts'

describe('the authorization endpoint (FAPI 2.0 Security Profile §5.3.2.2, RFC 9207)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  async function asking(changes: Parameters = {}): Promise<AskedRequest> {
    const pending = newPendingRequest(acme.facts.redirectUri)
    const answer = await acme.push({ ...requestParameters(acme.clientId, pending), ...changes })
    const requestUri = String(expectStatus(answer, 201).json().request_uri)
    return { ...pending, requestUri, url: acme.authorizeUrl(requestUri) }
  }

  it('answers with code, state and iss, in the query, and nothing else', async () => {
    const { asked, callback } = await agreed(house, await asking())
    const url = new URL(callback)
    assert.deepEqual([...url.searchParams.keys()].sort(), ['code', 'iss', 'state'])
    assert.equal(url.searchParams.get('iss'), house.issuer)
    assert.equal(url.searchParams.get('state'), asked.state)
    assert.match(url.searchParams.get('code') ?? '', /^[A-Za-z0-9_-]{22,}$/)
    assert.equal(url.hash, '')
  })

  it('returns no state when none was sent', async () => {
    const { callback } = await agreed(house, await asking({ state: undefined }))
    assert.equal(new URL(callback).searchParams.get('state'), null)
  })

  it('returns a long state and a long nonce whole, with all their characters', async () => {
    const state = `${'s'.repeat(360)} &=%+#é"<>`
    const nonce = 'n'.repeat(384)
    const { asked, callback, code } = await agreed(house, await asking({ state, nonce }))
    assert.equal(new URL(callback).searchParams.get('state'), state)
    const tokens = await acme.accept(await acme.exchange(code, asked), { nonce })
    assert.ok(tokens.idToken)
  })

  it('answers without nonce too (code flow)', async () => {
    const { asked, code } = await agreed(house, await asking({ nonce: undefined }))
    const answer = expectStatus(await acme.exchange(code, asked), 200)
    assert.equal(claimsOf(String(answer.json().id_token)).nonce, undefined)
  })

  it('tells when the customer signed in, to who asks for it with max_age', async () => {
    const { asked, code } = await agreed(house, await asking({ max_age: '300' }))
    const { id_token: idToken } = expectStatus(await acme.exchange(code, asked), 200).json()
    assert.ok(Math.abs(Number(claimsOf(String(idToken)).auth_time) - Date.now() / 1000) < 60)
  })

  for (const prompt of ['login', 'consent', 'login consent'])
    it(`asks the customer all the same with prompt=${prompt}`, async () => {
      const { asked, callback } = await agreed(house, await asking({ prompt }))
      await acme.collect(callback, asked)
    })

  it('answers prompt=none with login_required, iss and state, and asks nobody', async () => {
    const asked = await asking({ prompt: 'none' })
    const { callback } = await house.browser().get(asked.url)
    const answer = new URL(callback ?? house.issuer).searchParams
    assert.equal(answer.get('error'), 'login_required')
    assert.equal(answer.get('state'), asked.state)
    assert.equal(answer.get('iss'), house.issuer)
  })

  it('takes scopes in any order', async () => {
    const { asked, code } = await agreed(house, await asking({ scope: 'accounts openid' }))
    const body = expectStatus(await acme.exchange(code, asked), 200).json()
    // The access token is for the gateway, where openid says nothing; the id_token is what openid gave.
    assert.equal(body.scope, 'accounts')
    assert.ok(body.id_token)
  })

  it('answers a refusal with access_denied, state and iss', async () => {
    const asked = await asking()
    const browser = house.browser()
    const customer = await house.customer()
    const callback = new URL(await refuse(browser, await customer.arrive(browser, asked.url)))
    assert.equal(callback.searchParams.get('error'), 'access_denied')
    assert.equal(callback.searchParams.get('state'), asked.state)
    assert.equal(callback.searchParams.get('iss'), house.issuer)
    assert.equal(callback.searchParams.get('code'), null)
  })

  it('takes the customer back to a redirect URI with a query of its own, byte for byte', async () => {
    const redirectUri = 'https://acme-budget.test/callback?dummy1=lorem&dummy2=ipsum'
    const party = await house.register({ redirectUris: [redirectUri] })
    const { callback, asked } = await agreed(house, await party.ask())
    assert.ok(callback.startsWith(`${redirectUri}&`), callback)
    await party.collect(callback, asked)
  })

  it('answers as a signed JWT and nothing beside it when asked to (JARM §2.3.1)', async () => {
    const { asked, callback } = await agreed(house, await asking({ response_mode: 'jwt' }))
    const url = new URL(callback)
    assert.deepEqual([...url.searchParams.keys()], ['response'])
    const jwt = url.searchParams.get('response') ?? ''
    const claims = claimsOf(jwt)
    assert.equal(claims.iss, house.issuer)
    assert.equal(claims.aud, acme.clientId)
    assert.equal(claims.state, asked.state)
    const life = Number(claims.exp) - Date.now() / 1000
    assert.ok(life > 10 && life <= 600, `${life} s`)
    const header = headerOf(jwt)
    assert.equal(header.alg, 'PS256')
    const keys = (await house.transport.send({ url: `${house.issuer}/jwks` })).json().keys as JsonObject[]
    assert.ok(keys.some(({ kid }) => kid === header.kid))
    expectStatus(await acme.exchange(String(claims.code), asked), 200)
  })

  it('shows the login page again when it is reloaded before the customer has decided', async () => {
    const asked = await asking()
    const [browser, customer] = [house.browser(), await house.customer()]
    await browser.get(asked.url)
    const callback = await customer.authorise(browser, asked.url)
    await acme.collect(callback, asked)
  })

  it('does not open a request_uri again once a code was given for it (RFC 9126 §7.3)', async () => {
    const { asked, browser } = await agreed(house, await asking())
    for (const someone of [browser, house.browser()]) {
      const page = await someone.get(asked.url)
      assert.ok(isRefusal(page, 'invalid_request_uri'), page.described)
    }
  })

  it('refuses a request that was not pushed, and sends nobody anywhere with a code', async () => {
    const url = new URL(acme.facts.server.endpoint('authorization_endpoint'))
    const pending = newPendingRequest(acme.facts.redirectUri)
    for (const [name, value] of Object.entries(requestParameters(acme.clientId, pending)))
      if (typeof value === 'string') url.searchParams.set(name, value)
    const page = await house.browser().get(url.href)
    assert.ok(isRefusal(page, 'invalid_request'), page.described)
  })

  it('reads nothing that stands beside the request_uri (threats A5)', async () => {
    const asked = await asking()
    const beside = { state: 'other', nonce: 'other', scope: 'openid', response_mode: 'fragment' }
    const { callback } = await agreed(house, {
      ...asked,
      url: acme.authorizeUrl(asked.requestUri, beside),
    })
    const url = new URL(callback)
    assert.equal(url.searchParams.get('state'), asked.state)
    assert.equal(url.hash, '')
    const tokens = await acme.collect(callback, asked)
    assert.equal(tokens.scope, 'accounts')
  })

  it('refuses a redirect_uri beside the request_uri that is not the pushed one, and goes not there', async () => {
    const asked = await asking()
    const page = await house
      .browser()
      .get(acme.authorizeUrl(asked.requestUri, { redirect_uri: 'https://shady-ledger.test/callback' }))
    assert.ok(!page.trail.some(({ headers }) => String(headers.location).includes('shady-ledger')))
  })

  it("refuses another client's request_uri, which stays good for its owner (threats A6)", async () => {
    const shady = await house.register({ name: 'Shady Ledger' })
    const asked = await asking()
    const page = await house.browser().get(shady.authorizeUrl(asked.requestUri))
    assert.ok(isRefusal(page, 'invalid_request'), page.described)
    const { callback } = await agreed(house, asked)
    await acme.collect(callback, asked)
  })

  const unusable: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'a client nobody knows': {
      client_id: 'canary-client',
      request_uri: 'urn:ietf:params:oauth:request_uri:x',
    },
    'no client at all': { request_uri: 'urn:ietf:params:oauth:request_uri:canary' },
    'a request_uri to fetch': { client_id: 'canary', request_uri: 'https://canary.test/request' },
    'nothing but markup': { client_id: '<script>canary</script>' },
  }
  for (const [what, parameters] of Object.entries(unusable))
    it(`shows a page of constant words for ${what} and reflects nothing of it (threats A3)`, async () => {
      const url = new URL(acme.facts.server.endpoint('authorization_endpoint'))
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
      const answer = await house.transport.send({ url: url.href, headers: { accept: 'text/html' } })
      assert.equal(answer.status, 400)
      assert.equal(answer.headers.location, undefined)
      assert.match(String(answer.headers['content-type']), /^text\/html/)
      assert.doesNotMatch(answer.body, /canary/)
      assert.match(answer.body, /sent us a request we cannot use|This link has expired/)
    })

  it('opens as a page of its own, in no frame, script or image (hardening.md §1)', async () => {
    const { url } = await asking()
    for (const dest of ['iframe', 'frame', 'embed', 'object', 'image', 'script', 'empty']) {
      const answer = await house.transport.send({ url, headers: { 'sec-fetch-dest': dest } })
      assert.equal(answer.status, 400, dest)
      assert.equal(answer.headers['set-cookie'], undefined)
    }
  })

  it('takes GET only: nothing is posted there', async () => {
    const { url } = await asking()
    const [base, body] = url.split('?')
    for (const method of ['POST', 'PUT', 'DELETE']) {
      const answer = await house.transport.send({
        method,
        url: String(base),
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: String(body),
      })
      assert.ok([404, 405].includes(answer.status), `${method}: ${answer.status}`)
    }
  })
})

/** Either an error page, or an error that is led back to the third party. */
function isRefusal(
  page: { callback: string | undefined; status: number | undefined },
  error: string,
): boolean {
  if (page.callback === undefined) return page.status === 400
  const { searchParams } = new URL(page.callback)
  return searchParams.get('error') === error && searchParams.get('iss') !== null && !searchParams.has('code')
}

function headerOf(jwt: string): JsonObject {
  return JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString())
}

function claimsOf(jwt: string): JsonObject {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}
