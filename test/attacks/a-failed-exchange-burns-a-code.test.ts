import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair, sha256 } from '../support/jws.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { type JustAgreed, justAgreed } from './shared-accounts.ts'

describe('a failed exchange burns a code', () => {
  let house: House
  let acme: ThirdParty
  let shady: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
    shady = await house.register({ alg: 'ES256', name: 'Shady Ledger' })
  })
  after(() => house.close())

  const attempts: Readonly<Record<string, (agreed: JustAgreed) => Promise<Answer>>> = {
    'with a wrong verifier': ({ code, asked }) => acme.exchange(code, { ...asked, verifier: 'a'.repeat(43) }),
    'without a verifier': ({ code, asked }) =>
      acme.exchange(code, asked, { parameters: { code_verifier: undefined } }),
    'with the challenge as verifier': ({ code, asked }) =>
      acme.exchange(code, { ...asked, verifier: sha256(asked.verifier) }),
    'with a verifier that is one character short': ({ code, asked }) =>
      acme.exchange(code, { ...asked, verifier: asked.verifier.slice(0, 42) }),
    'with another redirect_uri': ({ code, asked }) =>
      acme.exchange(code, { ...asked, redirectUri: 'https://acme-budget.test/callback/' }),
    'without a redirect_uri': ({ code, asked }) =>
      acme.exchange(code, asked, { parameters: { redirect_uri: undefined } }),
    'by another third party': ({ code, asked }) => shady.exchange(code, asked),
    'by another third party under this one’s name': ({ code, asked }) =>
      shady.exchange(code, asked, { parameters: { client_id: acme.clientId } }),
    'with another DPoP key': async ({ code, asked }) =>
      acme.with({ dpopKey: await makeKeyPair('ES256') }).exchange(code, asked),
    'without a DPoP proof': ({ code, asked }) => acme.exchange(code, asked, { proof: false }),
    'without authentication': ({ code, asked }) => acme.exchange(code, asked, { assertion: false }),
    'with an assertion by another key': async ({ code, asked }) =>
      acme.exchange(code, asked, { assertion: { key: (await makeKeyPair('ES256')).privateKey } }),
  }

  for (const [what, attempt] of Object.entries(attempts))
    it(`${what}: refused, and the honest exchange afterwards is not`, async () => {
      const agreed = await justAgreed(house, acme)
      const answer = await attempt(agreed)
      assert.ok([400, 401].includes(answer.status), `${answer.status} ${errorOf(answer)}`)
      assert.ok(!('access_token' in answer.json()))
      const tokens = await acme.accept(await acme.exchange(agreed.code, agreed.asked), agreed.asked)
      assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
    })

  it('by 20 thieves at once beside the honest one: the honest one wins, and its tokens live', async () => {
    const { code, asked } = await justAgreed(house, acme)
    const [honest] = await Promise.all([
      acme.exchange(code, asked),
      ...Array.from({ length: 20 }, () => shady.exchange(code, asked)),
    ])
    const tokens = await acme.accept(honest, asked)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('by a thief after the honest one: the tokens of the honest one are not ended by a stranger', async () => {
    const { code, asked } = await justAgreed(house, acme)
    const tokens = await acme.accept(await acme.exchange(code, asked), asked)
    assert.equal(errorOf(await shady.exchange(code, asked)), 'invalid_grant')
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })
})
