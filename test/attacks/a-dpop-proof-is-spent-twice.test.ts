import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { atOnce, counted } from './at-once.ts'
import { sharedAccounts } from './shared-accounts.ts'

describe('a DPoP proof is spent twice', () => {
  let house: House
  let acme: ThirdParty
  let accessToken: string
  let refreshToken: string
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256' })
    const shared = await sharedAccounts(house, acme)
    accessToken = shared.accessToken
    refreshToken = shared.refreshToken ?? ''
  })
  after(() => house.close())

  const proofForToken = () =>
    acme.caller.proof({ server: 'authority', method: 'POST', url: acme.endpoint('token_endpoint') })
  const proofForAccounts = () =>
    acme.caller.proof({
      server: 'gateway',
      method: 'GET',
      url: acme.resourceUrl('/accounts'),
      accessToken,
    })

  it('20 times at once at /token, over two processes: one is taken, in each of 30 rounds', async () => {
    for (let round = 0; round < 30; round += 1) {
      // Makes sure that the nonce is a fresh one, so that no request is refused for that.
      await acme.renew(refreshToken)
      const proof = proofForToken()
      const answers = await atOnce(20, house.processes, ({ via }) =>
        acme.refresh(refreshToken, { proof, via }),
      )
      const outcomes = counted(answers.map((answer) => errorOf(answer) ?? answer.status))
      assert.deepEqual(outcomes, { 200: 1, invalid_grant: 19 }, `round ${round}`)
    }
  }).timeout(120_000)

  it('20 times at once at the gateway, over two processes: one is let in, in each of 30 rounds', async () => {
    for (let round = 0; round < 30; round += 1) {
      await acme.read('/accounts', accessToken)
      const proof = proofForAccounts()
      const answers = await atOnce(20, house.processes, ({ viaGateway: via }) =>
        acme.resource('/accounts', accessToken, { proof, via }),
      )
      const outcomes = counted(answers.map((answer) => errorOf(answer) ?? answer.status))
      assert.deepEqual(outcomes, { 200: 1, invalid_dpop_proof: 19 }, `round ${round}`)
    }
  }).timeout(120_000)

  it('after minutes, made for a moment ahead of the clock: it is refused as long as it could be good', async () => {
    const ahead = acme.with({ now: () => new Date(Date.now() + 50_000) })
    await acme.renew(refreshToken)
    const nonce = acme.caller.nonce('authority')
    const claims = { ...(nonce !== undefined && { nonce }) }
    const proof = ahead.caller.proof(
      { server: 'authority', method: 'POST', url: acme.endpoint('token_endpoint') },
      { claims },
    )
    assert.equal((await acme.refresh(refreshToken, { proof })).status, 200)
    let shift = 0
    const later = acme.with({ now: () => new Date(Date.now() + shift) })
    for (const seconds of [100, 305, 345]) {
      await Promise.all(house.processes.map((process) => process.moveClock(seconds)))
      shift = seconds * 1000
      const answer = await later.refresh(refreshToken, { proof })
      assert.equal(answer.status, 400, `${seconds} seconds later`)
    }
  })
})
