import assert from 'node:assert/strict'
import { stopConnection } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import { addResourceServer } from './resource-server.ts'
import { type JustAgreed, sharedAccounts } from './shared-accounts.ts'

/** DESIGN §5, invariant 3: on every process within a second of the commit. Milliseconds. */
const WITHIN = 1_000

describe('a stopped consent is used', () => {
  let house: House
  let bank: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 2 })
    bank = await addResourceServer(house, house.gateway)
  })
  after(() => house.close())

  type Shared = CollectedTokens & JustAgreed & { readonly acme: ThirdParty }
  const [here, there] = [0, 1]
  const viaOf = (index: number) => house.processes[index]?.via ?? ''

  const stops: Readonly<Record<string, (shared: Shared) => Promise<() => Promise<void>>>> = {
    'by its customer': async ({ customer, browser }) => {
      const list = await customer.openConnections(browser, house.issuer)
      const href =
        list.links.map((link) => link.href).find((link) => /\/connections\/[^/]+$/.test(link)) ?? ''
      const question = await browser.follow(await browser.follow(list, href), `${href}/stop`)
      return async () => {
        const form = question.form('stop-submit')
        const done = await browser.submit(form, {}, 'stop-submit', { follow: false, via: viaOf(here) })
        assert.equal(done.status, 303, done.described)
      }
    },
    'by its third party': async ({ acme, refreshToken = '' }) => {
      return async () => {
        assert.equal((await acme.revoke(refreshToken, { via: viaOf(here) })).status, 200)
      }
    },
    'because the third party is suspended': async ({ acme }) => {
      return async () => {
        await house.sql(`update third_party set standing = 'suspended' where client_id = $1`, [acme.clientId])
      }
    },
    'because the bank bars the customer': async ({ customer }) => {
      return async () => {
        const { customerNumber } = customer.facts
        await house.sql('update customer set blocked_at = now() where customer_number = $1', [customerNumber])
      }
    },
    'because its code is used again': async ({ acme, code, asked }) => {
      return async () => {
        assert.equal(errorOf(await acme.exchange(code, asked, { via: viaOf(here) })), 'invalid_grant')
      }
    },
  }

  for (const [how, prepare] of Object.entries(stops))
    it(`${how}: the other process refuses it at once, at introspection and at the gateway`, async () => {
      const acme = await house.register({ alg: 'ES256' })
      const shared = { ...(await sharedAccounts(house, acme)), acme }
      const stop = await prepare(shared)
      const { accessToken } = shared
      const gateway = house.processes[there]?.viaGateway ?? ''
      const asking = [
        poll(async () => (await bank.introspect(accessToken, { via: viaOf(there) })).json().active === true),
        poll(async () => (await acme.resource('/accounts', accessToken, { via: gateway })).status === 200),
      ]
      await Promise.all(asking.map((one) => one.served))

      await stop()
      const stopped = performance.now()
      const [introspected = 0, disclosed = 0] = await Promise.all(asking.map((one) => one.lastServed))

      // An answer cannot be taken back: what counts is when the last question was asked that was answered.
      assert.ok(
        introspected <= stopped,
        `introspection served a question of ${introspected - stopped} ms later`,
      )
      assert.ok(disclosed - stopped <= WITHIN, `the gateway served one of ${disclosed - stopped} ms later`)
      assert.deepEqual((await bank.introspect(accessToken, { via: viaOf(there) })).json(), { active: false })
      const refused = await acme.resource('/accounts', accessToken, { via: gateway })
      assert.equal(refused.status, 401)
      assert.equal(errorOf(refused), 'invalid_token')
      assert.ok((await acme.refresh(shared.refreshToken ?? '', { via: viaOf(there) })).status >= 400)
    })

  it('of another customer: when one stops, the other one’s works on', async () => {
    const acme = await house.register({ alg: 'ES256' })
    const kept = await sharedAccounts(house, acme)
    const stopped = await sharedAccounts(house, acme)
    const list = await stopped.customer.openConnections(stopped.browser, house.issuer)
    await stopConnection(stopped.browser, list)
    assert.equal((await acme.resource('/accounts', stopped.accessToken)).status, 401)
    assert.equal((await acme.resource('/accounts', kept.accessToken)).status, 200)
  })
})

interface Polling {
  /** Resolves when one was served. */
  readonly served: Promise<void>
  /** Resolves when none is served any more: when the last one that was had been asked. */
  readonly lastServed: Promise<number>
}

/** Asks again and again until it was served once and is refused twenty times in a row, or for 20 seconds. */
function poll(ask: () => Promise<boolean>): Polling {
  let tell: () => void = () => undefined
  const served = new Promise<void>((resolve) => {
    tell = resolve
  })
  const started = performance.now()
  const run = async (): Promise<number> => {
    let last = 0
    let refusals = 0
    while (refusals < 20 && performance.now() - started < 20_000) {
      const asked = performance.now()
      if (await ask()) {
        last = asked
        refusals = 0
        tell()
      } else if (last > 0) refusals += 1
    }
    return last
  }
  return { served, lastServed: run() }
}
