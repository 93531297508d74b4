import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { textMember } from '../support/json.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import { atOnce, counted } from './at-once.ts'
import { addResourceServer } from './resource-server.ts'
import { type JustAgreed, sharedAccounts } from './shared-accounts.ts'

describe('a refresh races a stop', () => {
  let house: House
  let acme: ThirdParty
  let bank: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256' })
    bank = await addResourceServer(house, house.gateway)
  })
  after(() => house.close())

  type Shared = CollectedTokens & JustAgreed
  const via = (index: number) => ({ via: house.processes[index]?.via ?? '' })

  const byThirdParty = async ({ refreshToken = '' }: Shared) => {
    return async () => assert.equal((await acme.revoke(refreshToken, via(0))).status, 200)
  }
  const byCustomer = async ({ customer, browser }: Shared) => {
    const list = await customer.openConnections(browser, house.issuer)
    const href = list.links.map((link) => link.href).find((link) => /\/connections\/[^/]+$/.test(link)) ?? ''
    const question = await browser.follow(await browser.follow(list, href), `${href}/stop`)
    return async () => {
      const form = question.form('stop-submit')
      const done = await browser.submit(form, {}, 'stop-submit', { follow: false, ...via(0) })
      assert.equal(done.status, 303)
    }
  }

  for (const [who, prepare] of [
    ['its third party', byThirdParty],
    ['its customer', byCustomer],
  ] as const)
    it(`by ${who}, 25 rounds: once the stop is answered no token is good, however it was made`, async () => {
      for (let round = 0; round < 25; round += 1) {
        const shared = await sharedAccounts(house, acme)
        const { accessToken, refreshToken = '' } = shared
        const stop = await prepare(shared)

        const [answers] = await Promise.all([
          atOnce(6, house.processes, (process) => acme.refresh(refreshToken, { via: process.via })),
          stop(),
        ])

        const outcomes = Object.keys(counted(answers.map((answer) => errorOf(answer) ?? answer.status)))
        assert.ok(
          outcomes.every((outcome) => ['200', 'invalid_grant'].includes(outcome)),
          outcomes.join(),
        )
        const minted = answers
          .filter(({ status }) => status === 200)
          .map((answer) => textMember(answer.json(), 'access_token', '/token'))
        const verdicts = await atOnce(2 * (minted.length + 1), house.processes, (process, index) =>
          bank.introspect([accessToken, ...minted][index >> 1] ?? '', { via: process.via }),
        )
        for (const { body } of verdicts) assert.equal(body, '{"active":false}', `round ${round}`)
        assert.equal(errorOf(await acme.refresh(refreshToken, via(1))), 'invalid_grant')
      }
    }).timeout(120_000)
})
