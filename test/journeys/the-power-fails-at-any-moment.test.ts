import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { agree, type Customer, refuse } from '../support/customer.ts'
import { type House, type HouseProcess, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { Unanswered } from '../support/transport.ts'
import { Unexpected } from '../support/unexpected.ts'

const ROUNDS = 6
const VISITORS = 4

/** What somebody was told: it has to be true after the next start. */
interface Told {
  readonly consents: string[]
  readonly refusals: string[]
  readonly refreshTokens: string[]
  readonly revoked: string[]
}

describe('the power fails at any moment', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 1 })
    acme = await house.register()
  })
  after(() => house.close())

  it(`${ROUNDS} times under load: nothing half-made, nothing lost that was answered`, async () => {
    const told: Told = { consents: [], refusals: [], refreshTokens: [], revoked: [] }
    for (let round = 1; round <= ROUNDS; round += 1) {
      // Early and late in turn, so that some journeys come to their end on any machine.
      const power = openPower(round % 2 === 0 ? randomInt(20, 34) : randomInt(1, 20))
      const customers = await Promise.all(Array.from({ length: VISITORS }, () => house.customer()))
      const visitors = Promise.all(customers.map((customer, index) => visit(customer, index, told, power)))
      await Promise.race([power.failing, visitors])
      const delay = randomInt(0, 60)
      await new Promise((resolve) => setTimeout(resolve, delay))
      // processes: 1 gives exactly one.
      const process = house.processes[0] as HouseProcess
      power.fail()
      await process.kill()
      await visitors
      await process.start()
      const at = `round ${round}, killed ${delay} ms after ${power.steps()} steps`
      assert.deepEqual(await halfMade(), [], at)
      await assertKept(told, at)
    }
    assert.ok(told.consents.length > 0, 'some journeys came to their end')
    assert.ok(told.revoked.length > 0, 'some tokens were given back')
  })

  it('and what is half-made would have been noticed', async () => {
    const browser = house.browser()
    const page = await (await house.customer()).arrive(browser, (await acme.ask()).url)
    await refuse(browser, page)
    for (const half of [
      "update one_time set consumed_at = null where kind = 'code' and consumed_at is not null",
      'update "grant" set ended_at = null where ended_at is not null',
      "update consent set state = 'awaiting', closed_at = null, reason = null where state = 'rejected'",
    ]) {
      const before = (await halfMade()).length
      await house.sql(half)
      assert.ok((await halfMade()).length > before, half)
    }
  })

  /** Journeys, one after the other, until the power fails in the middle of one. */
  async function visit(customer: Customer, index: number, told: Told, power: Power): Promise<void> {
    try {
      // A customer has two codes before they must wait for the clock.
      await journey(customer, index % 2 === 0 ? 'revokes' : 'renews', told, power)
      await journey(customer, index % 2 === 0 ? 'refuses' : 'revokes', told, power)
    } catch (error) {
      const away = error instanceof Unanswered || error instanceof Unexpected
      if (!power.failed() || !away) throw error
    }
  }

  async function journey(
    customer: Customer,
    end: 'refuses' | 'revokes' | 'renews',
    told: Told,
    power: Power,
  ) {
    const browser = house.browser()
    const asked = await power.step(acme.ask())
    const page = await power.step(customer.arrive(browser, asked.url))
    if (end === 'refuses') {
      const callback = await power.step(refuse(browser, page))
      told.refusals.push(asked.state)
      assert.equal(new URL(callback).searchParams.get('error'), 'access_denied')
      return
    }
    const callback = await power.step(agree(browser, page, { accounts: 'all' }))
    const { refreshToken = '' } = await power.step(acme.collect(callback, asked))
    told.consents.push(refreshToken)
    if (end === 'renews') {
      told.refreshTokens.push(refreshToken)
      await power.step(acme.renew(refreshToken))
      return
    }
    const answer = await power.step(acme.revoke(refreshToken))
    if (answer.status === 200) told.revoked.push(refreshToken)
  }

  /** Everything that must change together, and did not. */
  async function halfMade(): Promise<readonly unknown[]> {
    const said = (type: string) =>
      `exists (select 1 from audit_event a where a.consent_id = c.id and a.type = '${type}')`
    const granted = 'exists (select 1 from "grant" g where g.consent_id = c.id)'
    const coded = "exists (select 1 from one_time o where o.kind = 'code' and o.grant_id = c.id::text)"
    const agreed = `exists (select 1 from interaction i where i.consent_id = c.id and i.finished_at is not null
      and i.decision ->> 'kind' = 'agreed')`
    return house.sql(
      `select 'consent without its kin' as fault, c.id::text, c.state from consent c
        where (c.state in ('authorised', 'revoked')) <> ${granted}
          or (c.state in ('authorised', 'revoked')) <> ${said('consent.authorised')}
          or (c.state in ('authorised', 'revoked')) <> ${coded}
          or (c.state in ('authorised', 'revoked')) <> ${agreed}
          or (c.state = 'rejected') <> ${said('consent.rejected')}
          or (c.state = 'revoked') <> ${said('consent.revoked')}
          or not ${said('consent.requested')}
      union all
      select 'revoked consent with a living grant', c.id::text, c.state from consent c
        join "grant" g on g.consent_id = c.id where (c.state = 'revoked') <> (g.ended_at is not null)
      union all
      select 'decision that the trail does not know', i.consent_id::text, i.decision ->> 'kind' from interaction i
        where (i.decision is not null) <> exists (
          select 1 from audit_event a where a.consent_id = i.consent_id and a.type = 'consent.decided')
      union all
      select 'tokens for a code that is not spent', o.grant_id, o.kind from one_time o where o.kind = 'code'
        and (o.consumed_at is not null) <> exists (select 1 from token t where t.grant_id = o.grant_id)
      union all
      select 'tokens that the trail does not know', g.id, g.client_id from "grant" g
        where (select count(*) from token t where t.grant_id = g.id and t.kind = 'access')
          <> (select count(*) from audit_event a where a.consent_id = g.consent_id and a.type = 'token.issued')`,
    )
  }

  /** What was answered is there: tokens work, what was given back does not, refusals are on record. */
  async function assertKept(told: Told, at: string): Promise<void> {
    const refusals = await house.sql("select 1 from consent where state = 'rejected'")
    assert.ok(refusals.length >= told.refusals.length, at)
    for (const token of told.refreshTokens.splice(0))
      assert.equal((await acme.refresh(token)).status, 200, at)
    for (const token of told.revoked.slice(-4)) assert.equal((await acme.refresh(token)).status, 400, at)
  }
})

/** Counts what was answered, and says when it is time to fail. */
interface Power {
  step<Result>(work: Promise<Result>): Promise<Result>
  steps(): number
  readonly failing: Promise<void>
  fail(): void
  failed(): boolean
}

function openPower(after: number): Power {
  let steps = 0
  let failed = false
  let failNow = (): void => undefined
  const failing = new Promise<void>((resolve) => {
    failNow = resolve
  })
  return {
    failing,
    step: async (work) => {
      const result = await work
      steps += 1
      if (steps >= after) failNow()
      return result
    },
    steps: () => steps,
    fail: () => {
      failed = true
    },
    failed: () => failed,
  }
}
