import assert from 'node:assert/strict'
import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { atOnce, counted } from './at-once.ts'
import { addResourceServer } from './resource-server.ts'
import { sharedAccounts } from './shared-accounts.ts'

type Sent = { readonly assertion: string; readonly via: string }

describe('a client assertion is spent twice', () => {
  let house: House
  let acme: ThirdParty
  let bank: ThirdParty
  let accessToken: string
  let refreshToken: string
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256' })
    bank = await addResourceServer(house, house.gateway)
    const shared = await sharedAccounts(house, acme)
    accessToken = shared.accessToken
    refreshToken = shared.refreshToken ?? ''
  })
  after(() => house.close())

  const endpoints: Readonly<Record<string, (sent: Sent) => Promise<Answer>>> = {
    '/par': (sent) =>
      acme.push(requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)), sent),
    '/token': (sent) => acme.refresh(refreshToken, sent),
    '/introspect': (sent) => bank.introspect(accessToken, sent),
  }
  const partyAt = (path: string): ThirdParty => (path === '/introspect' ? bank : acme)

  for (const [path, send] of Object.entries(endpoints))
    it(`20 times at once at ${path}, over two processes: one is taken, in each of 30 rounds`, async () => {
      for (let round = 0; round < 30; round += 1) {
        // Makes sure that the nonce is a fresh one, so that no request is refused for that.
        await acme.renew(refreshToken)
        const assertion = partyAt(path).caller.assertion()
        const answers = await atOnce(20, house.processes, ({ via }) => send({ assertion, via }))
        const outcomes = counted(answers.map(({ status }) => status))
        assert.deepEqual(outcomes, { [path === '/par' ? 201 : 200]: 1, 401: 19 }, `round ${round}`)
        const errors = new Set(answers.filter(({ status }) => status === 401).map(errorOf))
        assert.deepEqual([...errors], ['invalid_client'])
      }
    }).timeout(120_000)

  it('at one endpoint and then at each other: an assertion counts once, wherever it is shown', async () => {
    const [{ via } = { via: '' }, other = { via: '' }] = house.processes
    const places: Readonly<Record<string, (sent: Sent) => Promise<Answer>>> = {
      ...endpoints,
      '/introspect': (sent) => acme.introspect(accessToken, sent),
      '/revoke': (sent) => acme.revoke('no-such-token', sent),
    }
    for (const [first, spend] of Object.entries(places))
      for (const [second, spendAgain] of Object.entries(places)) {
        const assertion = acme.caller.assertion()
        assert.ok((await spend({ assertion, via })).status < 300, first)
        const again = await spendAgain({ assertion, via: other.via })
        assert.equal(again.status, 401, `${first}, then ${second}`)
        assert.equal(errorOf(again), 'invalid_client')
      }
  })

  it('in a refused request: it is spent all the same', async () => {
    const assertion = acme.caller.assertion()
    assert.equal(errorOf(await acme.refresh('no-such-token', { assertion })), 'invalid_grant')
    assert.equal(errorOf(await acme.refresh(refreshToken, { assertion })), 'invalid_client')
  })
})
