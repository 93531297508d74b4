import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import { addResourceServer } from './resource-server.ts'
import { sharedAccounts } from './shared-accounts.ts'

describe('a stranger introspects', () => {
  let house: House
  let acme: ThirdParty
  let tokens: CollectedTokens
  let accountsApi: ThirdParty
  let cardsApi: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
    accountsApi = await addResourceServer(house, house.gateway)
    cardsApi = await addResourceServer(house, 'https://cards.postern.test')
    tokens = await sharedAccounts(house, acme)
  })
  after(() => house.close())

  it('who is a resource API for something else: a token for another is told from none at all by nothing', async () => {
    const answer = await cardsApi.introspect(tokens.accessToken)
    const nothing = await cardsApi.introspect('no-such-token')
    assert.equal(answer.body, '{"active":false}')
    assert.equal(answer.status, 200)
    assert.equal(nothing.body, answer.body)
    assert.equal(nothing.status, answer.status)
    assert.deepEqual(namesOf(nothing.rawHeaders), namesOf(answer.rawHeaders))
  })

  it('who asks for a signed answer: it says no more', async () => {
    const headers = { accept: 'application/token-introspection+jwt' }
    const answer = await cardsApi.introspect(tokens.accessToken, { headers })
    const said = answer.body.startsWith('{')
      ? answer.json()
      : JSON.parse(Buffer.from(answer.body.split('.')[1] ?? '', 'base64url').toString()).token_introspection
    assert.deepEqual(said, { active: false })
  })

  it('who is a third party: neither its own tokens nor another’s', async () => {
    const shady = await house.register({ alg: 'ES256', name: 'Shady Ledger' })
    for (const party of [acme, shady])
      for (const token of [tokens.accessToken, tokens.refreshToken ?? '', 'no-such-token']) {
        const answer = await party.introspect(token)
        assert.equal(answer.status, 200)
        assert.equal(answer.body, '{"active":false}')
      }
  })

  it('who shows a resource API a refresh token, a code’s worth of noise or an id_token', async () => {
    for (const token of [tokens.refreshToken ?? '', 'x'.repeat(5_000), tokens.idToken ?? '', '\u0000', 'ü'])
      assert.equal((await accountsApi.introspect(token)).body, '{"active":false}')
  })

  it('who cannot prove who it is', async () => {
    const key = await makeKeyPair('ES256')
    const forged = { key: key.privateKey }
    for (const [what, options] of Object.entries({
      'no proof at all': { assertion: false },
      'its name alone': { assertion: false, parameters: { client_id: accountsApi.clientId } },
      'another key': { assertion: forged },
      'no signature': { assertion: { alg: 'none' } },
      'the public key as a secret': {
        assertion: {
          alg: 'HS256',
          key: accountsApi.facts.key.publicKey.export({ type: 'spki', format: 'der' }),
        },
      },
      'another audience': { assertion: { claims: { aud: `${house.issuer}/introspect` } } },
      'a list of audiences': { assertion: { claims: { aud: [house.issuer] } } },
      'another’s name': { assertion: { claims: { sub: acme.clientId } } },
      'a key it brings along': { assertion: { ...forged, header: { jwk: key.publicJwk } } },
      'one that lives for years': { assertion: { claims: { exp: Math.floor(Date.now() / 1000) + 10 ** 8 } } },
      'one that has ended': { assertion: { claims: { exp: Math.floor(Date.now() / 1000) - 20 } } },
      'a password': {
        assertion: false,
        headers: { authorization: `Basic ${btoa(`${accountsApi.clientId}:x`)}` },
      },
    } as const)) {
      const answer = await accountsApi.introspect(tokens.accessToken, options)
      assert.ok([400, 401].includes(answer.status), `${what}: ${answer.status}`)
      assert.ok(!('active' in answer.json()), what)
      assert.ok(['invalid_client', 'invalid_request'].includes(errorOf(answer) ?? ''), what)
    }
  })

  it('who is the resource API that the token is for: that is no stranger', async () => {
    const answer = (await accountsApi.introspect(tokens.accessToken)).json()
    assert.equal(answer.active, true)
    assert.equal(answer.client_id, acme.clientId)
    assert.equal(answer.aud, house.gateway)
    assert.ok(answer.cnf)
  })
})

function namesOf(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 0).sort()
}
