import assert from 'node:assert/strict'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { readCallback } from '../support/authorization-request.ts'
import { agree, refuse } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { listOf, nicknames, share } from './shared.ts'

describe('another kind of third party', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  it('holds its tokens by its certificate, from registration to refresh', async () => {
    const acme = await house.register({ variant: 'private_key_jwt-mtls' })
    const { accessToken, refreshToken = '' } = await share(house, acme, { accounts: [0, 1] })
    assert.deepEqual(nicknames(await acme.read('/accounts', accessToken)), [
      'Everyday account',
      'Bills account',
    ])
    const renewed = await acme.renew(refreshToken)
    assert.equal((await acme.resource('/accounts', renewed.accessToken)).status, 200)

    const bare = await acme.resource('/accounts', accessToken, { certificate: false })
    assert.deepEqual([bare.status, errorOf(bare)], [401, 'invalid_token'])
    const certificate = await house.authority.client({ commonName: 'somebody else' })
    assert.equal((await acme.resource('/accounts', accessToken, { certificate })).status, 401)
  })

  it('signs with ES256, and has its ID tokens signed so', async () => {
    const acme = await house.register({ alg: 'ES256' })
    assert.equal(acme.facts.idTokenAlg, 'ES256')
    const { idToken = '', accessToken, refreshToken = '' } = await share(house, acme)
    assert.equal(decodeProtectedHeader(idToken).alg, 'ES256')
    assert.equal((await acme.resource('/accounts', accessToken)).status, 200)
    await acme.renew(refreshToken)
  })

  it('has its answers signed (JARM), for yes and for no', async () => {
    const acme = await house.register()
    const parameters = { response_mode: 'jwt' }
    const customer = await house.customer()
    const browser = house.browser()
    const one = await acme.ask(undefined, { parameters })
    const callback = await customer.authorise(browser, one.url)
    assert.deepEqual([...new URL(callback).searchParams.keys()], ['response'])
    const yes = await signedAnswer(callback)
    assert.deepEqual([yes.iss, yes.aud, yes.state], [house.issuer, acme.clientId, one.state])
    assert.equal(typeof yes.exp, 'number')
    const tokens = await acme.accept(await acme.exchange(String(yes.code), one), one)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)

    const two = await acme.ask(undefined, { parameters })
    const no = await signedAnswer(await refuse(browser, await browser.get(two.url)))
    assert.deepEqual(
      [no.error, no.state, no.iss, no.code],
      ['access_denied', two.state, house.issuer, undefined],
    )
  })

  async function signedAnswer(callback: string) {
    const answer = await house.transport.send({ url: `${house.issuer}/jwks` })
    // jose checks the shape of a key set itself.
    const keys = createLocalJWKSet(answer.json() as unknown as JSONWebKeySet)
    const response = new URL(callback).searchParams.get('response') ?? ''
    return (await jwtVerify(response, keys, { algorithms: ['PS256'] })).payload
  }

  it('describes nothing and asks for the scope accounts: then for the documented bundle', async () => {
    const acme = await house.register()
    const { accessToken, authorizationDetails } = await share(house, acme, { details: [], accounts: [0] })
    assert.deepEqual(authorizationDetails[0]?.permissions, [
      'ReadAccountsDetail',
      'ReadBalances',
      'ReadTransactionsDetail',
      'ReadTransactionsCredits',
      'ReadTransactionsDebits',
    ])
    const [account] = listOf(await acme.read('/accounts', accessToken), 'accounts')
    assert.ok('identification' in (account ?? {}))
  })

  it('asks for identity alone: no accounts are shown or chosen, userinfo answers, the gateway does not', async () => {
    const acme = await house.register()
    const customer = await house.customer()
    const browser = house.browser()
    const asked = await acme.ask([], { parameters: { scope: 'openid' } })
    const page = await customer.arrive(browser, asked.url)
    assert.deepEqual(page.fields('accounts'), [])
    assert.match(page.text, /will learn that you are a customer/)
    assert.doesNotMatch(page.text, /Everyday account/)
    const tokens = await acme.collect(await agree(browser, page, { accounts: 'all' }), asked)

    assert.deepEqual(tokens.authorizationDetails, [])
    assert.deepEqual((await acme.userinfo(tokens.accessToken)).json(), { sub: tokens.subject })
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 401)
    const renewed = await acme.renew(tokens.refreshToken ?? '')
    assert.deepEqual((await acme.userinfo(renewed.accessToken)).json(), { sub: tokens.subject })
  })

  it('is known to the customer by the same subject, whatever it asks for', async () => {
    const acme = await house.register()
    const { subject, customer, browser } = await share(house, acme)
    const asked = await acme.ask([], { parameters: { scope: 'openid' } })
    const callback = await customer.authorise(browser, asked.url)
    assert.equal((await acme.collect(callback, asked)).subject, subject)
  })

  it('sends its customers to two addresses, each of them registered', async () => {
    const redirectUris = ['https://acme-budget.test/callback', 'https://app.acme-budget.test/back'] as const
    const acme = await house.register({ redirectUris: [...redirectUris] })
    const asked = await acme.ask()
    const callback = await (await house.customer()).authorise(house.browser(), asked.url)
    assert.ok(readCallback(callback, asked, house.issuer))
  })
})
