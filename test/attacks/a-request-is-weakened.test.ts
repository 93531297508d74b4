import assert from 'node:assert/strict'
import {
  newPendingRequest,
  type Parameters,
  readCallback,
  requestParameters,
} from '../support/authorization-request.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { signJws } from '../support/jws.ts'
import type { ThirdParty } from '../support/third-party.ts'

describe('a request is weakened', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  const honest = (): Parameters => requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri))

  const weaknesses: Readonly<Record<string, Parameters>> = {
    'no PKCE': { code_challenge: undefined, code_challenge_method: undefined },
    'a challenge without a method, which means plain': { code_challenge_method: undefined },
    'PKCE plain': { code_challenge: 'a'.repeat(43), code_challenge_method: 'plain' },
    'a method without a challenge': { code_challenge: undefined },
    'a challenge that is too short': { code_challenge: 'a'.repeat(42) },
    'a token in the answer': { response_type: 'token' },
    'an id_token in the answer': { response_type: 'id_token' },
    'a code and an id_token': { response_type: 'code id_token' },
    'a code and a token': { response_type: 'code token' },
    'no answer at all': { response_type: 'none' },
    'the answer as a form': { response_mode: 'form_post' },
    'the answer as a signed form': { response_mode: 'form_post.jwt' },
    'the answer in the fragment': { response_mode: 'fragment' },
    'the answer in the fragment, signed': { response_mode: 'fragment.jwt' },
    'the answer as a message to a window': { response_mode: 'web_message' },
    'a pushed request_uri': { request_uri: 'urn:ietf:params:oauth:request_uri:x' },
    'a request_uri elsewhere': { request_uri: 'https://shady-ledger.test/request' },
    'no customer to be asked': { prompt: 'none' },
    'a resource that nobody has': { resource: 'https://shady-ledger.test' },
  }
  for (const [what, change] of Object.entries(weaknesses))
    it(`to ${what}: refused when it is pushed`, async () => {
      const answer = await acme.push({ ...honest(), ...change })
      if (what === 'no customer to be asked' && answer.status === 201) return asksAnyway(answer.json())
      assert.equal(answer.status, 400, errorOf(answer))
      assert.ok(errorOf(answer))
      assert.ok(!('request_uri' in answer.json()))
    })

  /** `prompt=none` may be pushed; what it may not do is to get a code without asking. */
  const asksAnyway = async (pushed: Readonly<Record<string, unknown>>): Promise<void> => {
    const page = await house.browser().get(acme.authorizeUrl(String(pushed.request_uri)))
    const error = new URL(page.callback ?? 'none:').searchParams.get('error')
    assert.ok(error === 'login_required' || error === 'interaction_required', page.described)
  }

  describe('to another redirect_uri than the registered one', () => {
    const own = 'https://acme-budget.test/callback'
    for (const uri of [
      `${own}/`,
      `${own}/..;/x`,
      `${own}/../evil`,
      `${own}/%2e%2e/evil`,
      `${own}?x=y`,
      `${own}?`,
      `${own}#`,
      `${own}#x`,
      `${own}%00`,
      `${own}%20`,
      `${own}\t`,
      `${own}\n`,
      ` ${own}`,
      'https://acme-budget.test//callback',
      'https://acme-budget.test/Callback',
      'https://ACME-budget.test/callback',
      'https://acme-budget.test./callback',
      'https://acme-budget.test:443/callback',
      'https://acme-budget.test\\@shady-ledger.test/callback',
      'https://acme-budget.test@shady-ledger.test/callback',
      'https://x@acme-budget.test/callback',
      'https://acme-budget.test.shady-ledger.test/callback',
      'https://xn--acme-budget.test/callback',
      'http://acme-budget.test/callback',
      'https://shady-ledger.test/callback',
      'javascript:alert(1)',
      'data:text/html,x',
      'http://localhost/callback',
      'urn:ietf:wg:oauth:2.0:oob',
      '',
    ])
      it(`${JSON.stringify(uri)}: refused`, async () => {
        const answer = await acme.push({ ...honest(), redirect_uri: uri })
        assert.equal(answer.status, 400)
        assert.ok(errorOf(answer))
      })
  })

  describe('to one that was not pushed', () => {
    it('with everything in the address: an error page, no way out', async () => {
      const url = new URL(acme.authorizeUrl('x'))
      url.searchParams.delete('request_uri')
      for (const [name, value] of Object.entries(honest()))
        if (typeof value === 'string') url.searchParams.set(name, value)
      const page = await house.browser().get(url.href, { follow: false })
      assert.equal(page.hasForm('login-submit'), false)
      const location = page.answer?.headers.location
      assert.ok(location === undefined || !new URL(location).searchParams.has('code'))
      assert.ok([400, 303].includes(page.status ?? 0))
    })

    it('with a signed request object in the address', async () => {
      const request = signJws(
        { alg: 'ES256', kid: acme.facts.key.kid },
        { ...JSON.parse(JSON.stringify(honest())), iss: acme.clientId, aud: house.issuer },
        acme.facts.key.privateKey,
      )
      for (const url of [
        `${house.issuer}/authorize?client_id=${acme.clientId}&request=${request}`,
        `${house.issuer}/authorize?client_id=${acme.clientId}&request_uri=${encodeURIComponent('https://shady-ledger.test/r')}`,
        `${house.issuer}/authorize?client_id=${acme.clientId}&request_uri=urn:ietf:params:oauth:request_uri:guess`,
        `${house.issuer}/authorize?client_id=no-such-client&request_uri=urn:ietf:params:oauth:request_uri:guess`,
        `${house.issuer}/authorize`,
      ]) {
        const page = await house.browser().get(url, { follow: false })
        assert.equal(page.status, 400, url)
        assert.equal(page.answer?.headers.location, undefined)
        assert.ok(!page.answer?.body.includes('shady-ledger'))
        assert.ok(!page.answer?.body.includes('no-such-client'))
      }
    })

    it('by more parameters beside the request_uri: only what was pushed counts', async () => {
      const asked = await acme.ask([{ type: 'account_access', permissions: ['ReadAccountsBasic'] }])
      const more = {
        scope: 'openid accounts',
        redirect_uri: 'https://shady-ledger.test/callback',
        response_mode: 'fragment',
        state: 'stolen',
        nonce: 'stolen',
        code_challenge: 'a'.repeat(43),
        authorization_details: '[]',
        prompt: 'none',
      }
      const other = acme.authorizeUrl(asked.requestUri, { response_type: 'token' })
      assert.equal((await house.browser().get(other, { follow: false })).status, 400)
      const customer = await house.customer()
      const callback = await customer.authorise(house.browser(), acme.authorizeUrl(asked.requestUri, more))
      // Checks redirect_uri, state and iss.
      const code = readCallback(callback, asked, house.issuer)
      const tokens = await acme.accept(await acme.exchange(code, asked), asked)
      assert.deepEqual(tokens.authorizationDetails[0]?.permissions, ['ReadAccountsBasic'])
    })
  })

  it('to a grant that nobody needs', async () => {
    for (const grant of [
      'password',
      'implicit',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
      'urn:ietf:params:oauth:grant-type:token-exchange',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:openid:params:grant-type:ciba',
      'client_credentials',
      '',
    ]) {
      const parameters = {
        grant_type: grant,
        username: 'x',
        password: 'x',
        assertion: 'x',
        scope: 'accounts',
      }
      const answer = await acme.refresh('none', { parameters })
      assert.equal(answer.status, 400, grant)
      assert.ok(!('access_token' in answer.json()))
    }
  })

  it('to one that a page elsewhere sends: no door opens itself to other origins', async () => {
    const origin = 'https://shady-ledger.test'
    const doors = [
      ...[
        'authorize',
        'par',
        'token',
        'introspect',
        'revoke',
        'register',
        'userinfo',
        'login',
        'connections',
      ].map((path) => `${house.issuer}/${path}`),
      `${house.gateway}/accounts`,
    ]
    for (const url of doors)
      for (const method of ['GET', 'POST', 'OPTIONS'])
        for (const headers of [
          { origin },
          { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'dpop' },
          {},
        ]) {
          const answer = await house.transport.send({ url, method, headers })
          const opened = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))
          assert.deepEqual(opened, [], `${method} ${url}`)
          assert.ok(answer.status < 500, `${method} ${url}: ${answer.status}`)
        }
  })
})
