import assert from 'node:assert/strict'
import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { addResourceServer } from './resource-server.ts'
import { justAgreed } from './shared-accounts.ts'

describe('a parameter comes twice', () => {
  let house: House
  let acme: ThirdParty
  let shady: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
    shady = await house.register({ alg: 'ES256', name: 'Shady Ledger' })
  })
  after(() => house.close())

  const refused = (answer: Answer, what: string): void => {
    assert.ok([400, 401].includes(answer.status), `${what}: ${answer.status} ${errorOf(answer) ?? ''}`)
    assert.ok(errorOf(answer), what)
  }

  it('in a pushed request, equal or not: refused, whichever it is', async () => {
    const parameters = requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri))
    const evil: Readonly<Record<string, string>> = {
      client_id: shady.clientId,
      redirect_uri: 'https://shady-ledger.test/callback',
      scope: 'openid',
      resource: 'https://cards.postern.test',
      response_mode: 'jwt',
      client_assertion: acme.caller.assertion(),
    }
    const names = [...Object.keys(parameters), ...Object.keys(evil), 'client_assertion_type']
    for (const name of new Set(names)) {
      const value = parameters[name] ?? (name === 'resource' ? house.gateway : 'query')
      const own = { client_assertion: acme.caller.assertion(), client_assertion_type: ASSERTION }[name]
      for (const second of [String(own ?? value), evil[name] ?? 'other'])
        refused(
          await acme.push(parameters, { parameters: { [name]: [String(own ?? value), second] } }),
          `${name}: ${second}`,
        )
    }
  })

  it('at /token: refused, and the code is not spent', async () => {
    const { code, asked } = await justAgreed(house, acme)
    for (const [name, values] of Object.entries({
      grant_type: ['authorization_code', 'refresh_token'],
      code: [code, code],
      code_verifier: [asked.verifier, 'a'.repeat(43)],
      redirect_uri: [asked.redirectUri, 'https://shady-ledger.test/callback'],
      client_id: [acme.clientId, shady.clientId],
      client_assertion: [acme.caller.assertion(), shady.caller.assertion()],
      resource: [house.gateway, 'https://cards.postern.test'],
    }))
      refused(await acme.exchange(code, asked, { parameters: { [name]: values } }), name)
    const proof = () =>
      acme.caller.proof({ server: 'authority', method: 'POST', url: acme.endpoint('token_endpoint') })
    refused(await acme.exchange(code, asked, { proof: [proof(), proof()] }), 'DPoP')
    await acme.accept(await acme.exchange(code, asked), asked)
  })

  it('at introspection and revocation', async () => {
    const bank = await addResourceServer(house, house.gateway)
    for (const [name, values] of Object.entries({
      token: ['one', 'two'],
      client_id: [bank.clientId, acme.clientId],
      client_assertion: [bank.caller.assertion(), acme.caller.assertion()],
    }))
      refused(await bank.introspect('one', { parameters: { [name]: values } }), `/introspect ${name}`)
    for (const name of ['token', 'client_id', 'client_assertion'])
      refused(await acme.revoke('one', { parameters: { [name]: ['one', 'two'] } }), `/revoke ${name}`)
  })

  it('once in the body and once in the address: what belongs in the body is refused in the address', async () => {
    for (const name of ['token_endpoint', 'pushed_authorization_request_endpoint', 'introspection_endpoint'])
      for (const query of [`client_id=${acme.clientId}`, 'grant_type=refresh_token', 'x=y'])
        refused(await acme.refresh('none', { url: `${acme.endpoint(name)}?${query}` }), `${name}?${query}`)
  })

  it('in the address of the authorization endpoint: no way out of the house', async () => {
    const asked = await acme.ask()
    const other = await shady.ask()
    for (const more of [
      `client_id=${shady.clientId}`,
      `client_id=${acme.clientId}`,
      `request_uri=${encodeURIComponent(other.requestUri)}`,
      `request_uri=${encodeURIComponent(asked.requestUri)}`,
      'scope=openid&scope=accounts',
      'x=1&x=2',
    ]) {
      const page = await house.browser().get(`${asked.url}&${more}`, { follow: false })
      assert.equal(page.status, 400, more)
      assert.equal(page.answer?.headers.location, undefined)
    }
    assert.equal((await house.browser().get(asked.url)).status, 200, 'and the honest one is not spent')
  })

  it('in a registration’s JSON', async () => {
    const before = await house.sql('select count(*) from third_party')
    for (const body of [
      '{"redirect_uris":["https://a.test/"],"redirect_uris":["https://b.test/"]}',
      '{"software_statement":"a.b.c","software_statement":"d.e.f"}',
      '{"a":{"b":1,"b":2}}',
    ]) {
      const answer = await house.transport.send({
        method: 'POST',
        url: acme.endpoint('registration_endpoint'),
        headers: { 'content-type': 'application/json' },
        body,
      })
      assert.equal(errorOf(answer), 'invalid_client_metadata')
    }
    assert.deepEqual(await house.sql('select count(*) from third_party'), before)
  })
})

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
