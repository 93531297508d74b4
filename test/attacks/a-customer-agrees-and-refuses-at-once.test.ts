import assert from 'node:assert/strict'
import { offeredAccounts } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { atOnce } from './at-once.ts'

describe('a customer agrees and refuses at once', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 2 })
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  it('10 times each over two processes: one outcome, and one code at most, in each of 12 rounds', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 12; round += 1) {
      const customer = await house.customer()
      const browser = house.browser()
      const page = await customer.arrive(browser, (await acme.ask()).url)
      const accounts = offeredAccounts(page).map((box) => box.value)

      // Every other round begins with a refusal, so that each side wins sometimes.
      const posts = await atOnce(20, house.processes, ({ via }, index) =>
        Math.floor(index / 2) % 2 === round % 2
          ? browser.submit(page.form('consent-allow'), { accounts }, 'consent-allow', { follow: false, via })
          : browser.submit(page.form('consent-deny'), {}, 'consent-deny', { follow: false, via }),
      )
      for (const { status, described } of posts) assert.ok((status ?? 500) < 500, described)
      const resumes = posts
        .map(({ answer }) => answer?.headers.location)
        .filter((location) => location?.includes('/authorize/'))
      assert.ok(resumes.length > 0, 'somebody decided')
      const resume = new URL(resumes[0] ?? '', house.issuer).href
      const backs = await atOnce(20, house.processes, ({ via }) =>
        browser.get(resume, { from: page, follow: false, via }),
      )
      for (const { status, described } of backs) assert.ok((status ?? 500) < 500, described)
      const codes = backs.filter(({ answer }) => /[?&]code=/.test(answer?.headers.location ?? ''))

      const [{ state, grants, decided } = { state: '', grants: -1, decided: -1 }] = await house.sql<{
        state: string
        grants: number
        decided: number
      }>(
        `select c.state, (select count(*) from "grant" g where g.consent_id = c.id)::int as grants,
            (select count(*) from audit_event e where e.consent_id = c.id and e.type = 'consent.decided')::int as decided
          from consent c order by created_at desc limit 1`,
      )
      const agreed = state === 'authorised'
      assert.ok(agreed || state === 'rejected', state)
      assert.equal(decided, 1, 'one decision is on record')
      assert.equal(grants, agreed ? 1 : 0)
      assert.equal(codes.length, agreed ? 1 : 0, `${state}: ${codes.length} codes`)
      outcomes.add(state)
    }
    assert.ok(outcomes.size > 0)
  }).timeout(120_000)
})
