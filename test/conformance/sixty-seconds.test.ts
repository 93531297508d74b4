import assert from 'node:assert/strict'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { agreed } from './agreed.ts'

describe('what lives for sixty seconds (FAPI 2.0 Security Profile §5.3.2.1 item 11, threats A13)', () => {
  let house: House
  let acme: ThirdParty
  let ahead = 0
  const now = () => new Date(Date.now() + ahead * 1000)
  before(async () => {
    house = await openHouse({ processes: 1 })
    acme = (await house.register()).with({ now })
  })
  after(() => house.close())

  async function later(seconds: number): Promise<void> {
    ahead += seconds
    await house.processes[0]?.moveClock(ahead)
  }

  it('a code is good after 55 seconds', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    await later(55)
    expectStatus(await acme.exchange(code, asked), 200)
  })

  it('a code is dead after 61 seconds', async () => {
    ahead = 0
    await later(0)
    const { asked, code } = await agreed(house, await acme.ask())
    await later(61)
    expectRefusal(await acme.exchange(code, asked), 400, 'invalid_grant')
  })

  it('a request_uri that nobody opened is dead after 61 seconds, tolerance included', async () => {
    ahead = 0
    await later(0)
    const asked = await acme.ask()
    await later(80)
    const page = await house.browser().get(asked.url)
    assert.equal(page.callback, undefined)
    assert.equal(page.status, 400)
  })

  it('a customer who was quick to come may be slow to decide', async () => {
    ahead = 0
    await later(0)
    const asked = await acme.ask()
    const browser = house.browser()
    const login = await browser.get(asked.url)
    assert.equal(login.status, 200)
    await later(120)
    assert.equal((await browser.reload(login)).status, 200)
  })
})
