import assert from 'node:assert/strict'
import { ConfigError, readConfig } from '../../src/config.ts'
import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { agreed, tokensFor } from './agreed.ts'

// What the engine does by itself and must not do here, as far as no other file of this folder shows it.

const DAY = 86_400

describe('defaults of the engine about time are not ours', () => {
  let house: House
  let acme: ThirdParty
  let ahead = 0
  before(async () => {
    house = await openHouse({ processes: 1 })
    acme = (await house.register()).with({ now: () => new Date(Date.now() + ahead * 1000) })
  })
  after(() => house.close())

  async function later(seconds: number): Promise<void> {
    ahead += seconds
    await house.processes[0]?.moveClock(ahead)
  }

  it('a grant and a refresh token live as long as the consent, not fourteen days, and no second longer', async () => {
    const tokens = await tokensFor(house, acme)
    const [grant] = await house.sql<{ apart: number }>(
      'select abs(extract(epoch from g.expires_at - c.expires_at))::float as apart from "grant" g join consent c on c.id = g.consent_id',
    )
    assert.ok((grant?.apart ?? 99) < 2, `${grant?.apart} s apart`)
    await later(20 * DAY)
    const fresh = await acme.renew(tokens.refreshToken ?? '')
    assert.equal(fresh.expiresIn, 300)
    await later(160 * DAY + 60)
    expectRefusal(await acme.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
  })

  it('an access token near the end of its consent ends with it', async () => {
    const end = new Date(Date.now() + ahead * 1000 + 120_000)
    const detail = {
      type: 'account_access',
      permissions: ['ReadAccountsBasic'],
      expires_at: end.toISOString(),
    }
    const { asked, callback } = await agreed(house, await acme.ask([detail]), acme.facts.now)
    const tokens = await acme.collect(callback, asked)
    assert.ok(tokens.expiresIn <= 120, `${tokens.expiresIn} s`)
    await later(125)
    expectRefusal(await acme.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
  })

  it('an access token does not outlive its five minutes, though the browser and the grant go on', async () => {
    const tokens = await tokensFor(house, acme)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
    await later(301)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 401)
    await acme.renew(tokens.refreshToken ?? '')
  })

  it('nothing of its own is printed that asks to be changed', () => {
    const printed = (house.processes[0]?.logged() ?? '')
      .split('\n')
      .filter((line) => /oidc-provider (NOTICE|WARNING)/.test(line))
      // Said once when the registration door has read the body before it: harmless.
      .filter((line) => !line.includes('already parsed request body'))
    assert.deepEqual(printed, [])
  })
})

describe('defaults of the engine about who may do what are not ours', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  it('a refresh token needs no offline_access, which nobody is offered', async () => {
    const tokens = await tokensFor(house, acme)
    assert.ok(tokens.refreshToken)
    const parameters = { scope: 'openid accounts offline_access', prompt: 'consent' }
    const answer = await acme.push(
      requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)),
      { parameters },
    )
    if (answer.status !== 201) assert.equal(answer.json().error, 'invalid_scope')
  })

  it('a scope that nobody knows is given to nobody, and the answer says so (OpenID Connect Core §3.1.2.1)', async () => {
    const pending = newPendingRequest(acme.facts.redirectUri)
    const form = { ...requestParameters(acme.clientId, pending), scope: 'openid accounts payments profile' }
    const requestUri = String(expectStatus(await acme.push(form), 201).json().request_uri)
    const { callback } = await agreed(house, { ...pending, requestUri, url: acme.authorizeUrl(requestUri) })
    const tokens = await acme.collect(callback, pending)
    assert.equal(tokens.scope, 'accounts')
    const [row] = await house.sql<{ payload: string }>('select payload::text as payload from token limit 1')
    assert.doesNotMatch(row?.payload ?? '', /payments|profile/)
  })

  it('a scope as long as a book is refused, and soon (threats B17)', async () => {
    const scope = Array.from({ length: 5_000 }, (_, at) => `scope${at}`).join(' ')
    const answer = await acme.push(
      requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)),
      { parameters: { scope } },
    )
    assert.equal(answer.status, 400)
    assert.ok(answer.milliseconds < 1_000)
  })

  it('a customer whom the bank has blocked gives nothing more, at refresh and at the data', async () => {
    const tokens = await tokensFor(house, acme)
    await house.sql('update customer set blocked_at = now()')
    expectRefusal(await acme.refresh(tokens.refreshToken ?? ''), 400, 'invalid_grant')
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 401)
  })

  it('a customer blocked between consent and exchange gives no token (threats C18)', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    await house.sql('update customer set blocked_at = now()')
    expectRefusal(await acme.exchange(code, asked), 400, 'invalid_grant')
  })

  it('a suspended third party is nobody at every endpoint, at once, and somebody again when restored', async () => {
    const party = await house.register()
    const tokens = await tokensFor(house, party)
    const standing = (to: string) =>
      house.sql('update third_party set standing = $1 where client_id = $2', [to, party.clientId])
    await standing('suspended')
    // Another process learns it within the half second that a cached client lives (DESIGN §7.2).
    await eventually(async () => (await party.refresh(tokens.refreshToken ?? '')).status === 401)
    expectRefusal(await party.refresh(tokens.refreshToken ?? ''), 401, 'invalid_client')
    expectRefusal(
      await party.push(requestParameters(party.clientId, newPendingRequest(party.facts.redirectUri))),
      401,
      'invalid_client',
    )
    assert.equal((await party.resource('/accounts', tokens.accessToken)).status, 401)
    await standing('active')
    await eventually(async () => (await party.refresh(tokens.refreshToken ?? '')).status === 200)
  })

  it('a registration gives neither a secret nor a token to change it with', async () => {
    const registration = acme.facts.registration ?? {}
    for (const name of ['client_secret', 'registration_access_token', 'registration_client_uri'])
      assert.equal(registration[name], undefined, name)
    assert.equal(registration.require_pushed_authorization_requests, true)
    assert.equal(registration.dpop_bound_access_tokens, true)
    assert.deepEqual(registration.response_modes, ['query', 'jwt', 'query.jwt'])
    const [row] = await house.sql<{ keys: object[] }>(
      "select metadata -> 'jwks' -> 'keys' as keys from third_party where client_id = $1",
      [acme.clientId],
    )
    assert.equal(row?.keys.length, 1)
  })

  it('an error says what and why in two members, and never the detail meant for the log', async () => {
    for (const answer of [
      await acme.exchange('x', { redirectUri: 'https://x.test', verifier: 'x' }),
      await acme.refresh('x'),
      await acme.push({}, { assertion: { alg: 'RS256' } }),
      await acme.userinfo('x'),
    ]) {
      const members = Object.keys(answer.json()).filter(
        (name) => name !== 'error' && name !== 'error_description',
      )
      assert.deepEqual(members, [], answer.body)
      assert.doesNotMatch(answer.body, /not found|kid|signature|alg|jwt/i)
    }
  })

  it('cookies are signed with SHA-256, not SHA-1', async () => {
    const browser = house.browser()
    await browser.get((await acme.ask()).url)
    const signatures = browser.jar.cookies.filter(({ name }) => name.endsWith('.sig'))
    assert.equal(signatures.length, 2)
    for (const { value } of signatures) assert.equal(Buffer.from(value, 'base64url').length, 32)
  })

  it('an id_token cannot be used as an access token, nor an access token as an id_token', async () => {
    const tokens = await tokensFor(house, await house.register())
    for (const answer of [
      await acme.resource('/accounts', tokens.idToken ?? ''),
      await acme.userinfo(tokens.idToken ?? ''),
    ])
      assert.ok([400, 401].includes(answer.status), String(answer.status))
    assert.doesNotMatch(tokens.accessToken, /\./)
  })

  it('a token for the gateway is asked for by default, and by its name', async () => {
    const pending = newPendingRequest(acme.facts.redirectUri)
    const form = requestParameters(acme.clientId, pending)
    expectStatus(await acme.push(form, { parameters: { resource: house.gateway } }), 201)
    for (const resource of [`${house.gateway}/`, `${house.gateway}/accounts`, house.issuer, 'urn:x', 'x'])
      expectRefusal(await acme.push(form, { parameters: { resource } }), 400, 'invalid_target')
  })
})

describe("debugging output of the engine and of the database's driver prints what must stay secret", () => {
  const refuses = (DEBUG: string): boolean => {
    try {
      readConfig({ DEBUG }, 'all')
    } catch (error) {
      return error instanceof ConfigError && error.faults.some(({ name }) => name === 'DEBUG')
    }
    return false
  }

  it('but others may be debugged', () => {
    for (const DEBUG of ['koa*', 'undici', '-oidc-provider:*', 'my-knex:*', ''])
      assert.equal(refuses(DEBUG), false, DEBUG)
  })

  for (const DEBUG of [
    'oidc-provider:*',
    'oidc-provider:error',
    '*',
    'koa*,oidc-provider',
    'oidc-*',
    'knex:query',
    'kn*',
  ])
    it(`so nothing starts with DEBUG=${DEBUG}`, () => assert.ok(refuses(DEBUG)))
})

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail('it did not come to that')
}
