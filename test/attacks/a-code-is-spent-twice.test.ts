import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { atOnce, counted } from './at-once.ts'
import { addResourceServer } from './resource-server.ts'
import { justAgreed, sharedAccounts } from './shared-accounts.ts'

describe('a code is spent twice', () => {
  let house: House
  before(async () => {
    house = await openHouse({ processes: 2 })
  })
  after(() => house.close())

  it('20 times at once over two processes: one exchange wins, in each of 30 rounds', async () => {
    const acme = await house.register({ alg: 'ES256' })
    for (let round = 0; round < 30; round += 1) {
      const { code, asked } = await justAgreed(house, acme)
      const answers = await atOnce(20, house.processes, ({ via }) => acme.exchange(code, asked, { via }))
      const outcomes = counted(answers.map((answer) => errorOf(answer) ?? answer.status))
      assert.deepEqual(outcomes, { 200: 1, invalid_grant: 19 }, `round ${round}`)
    }
  }).timeout(120_000)

  it('later: it is refused, every token it gave ends, and the consent closes saying why', async () => {
    const acme = await house.register()
    const bank = await addResourceServer(house, house.gateway)
    const shared = await sharedAccounts(house, acme)
    assert.equal((await bank.introspect(shared.accessToken)).json().active, true)

    const again = await acme.exchange(shared.code, shared.asked)

    assert.equal(again.status, 400)
    assert.equal(errorOf(again), 'invalid_grant')
    assert.deepEqual((await bank.introspect(shared.accessToken)).json(), { active: false })
    assert.equal((await acme.resource('/accounts', shared.accessToken)).status, 401)
    assert.equal(errorOf(await acme.refresh(shared.refreshToken ?? '')), 'invalid_grant')
    assert.deepEqual(
      await house.sql('select state, reason from consent where client_id = $1', [acme.clientId]),
      [{ state: 'revoked', reason: 'code-reuse' }],
    )
    const events = await house.sql<{ type: string }>(
      `select type from audit_event where client_id = $1 and type in ('code.reused', 'consent.revoked') order by id`,
      [acme.clientId],
    )
    assert.deepEqual(events.map(({ type }) => type).sort(), ['code.reused', 'consent.revoked'])
  })

  it('after 60 seconds: it is worth nothing, even the first time', async () => {
    const acme = await house.register()
    const { code, asked } = await justAgreed(house, acme)
    await Promise.all(house.processes.map((process) => process.moveClock(61)))
    const later = acme.with({ now: () => new Date(Date.now() + 61_000) })

    const answer = await later.exchange(code, asked)

    assert.equal(answer.status, 400)
    assert.equal(errorOf(answer), 'invalid_grant')
  })
})
