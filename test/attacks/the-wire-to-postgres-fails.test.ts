import assert from 'node:assert/strict'
import { consentState, newestConsent, share } from '../journeys/shared.ts'
import { type House, openHouse } from '../support/house.ts'
import { freshDatabase } from '../support/run.ts'
import { openWire, type Wire } from './a-wire-to-postgres.ts'
import { justAgreed } from './shared-accounts.ts'

/** Far above acquire (500 ms) and statement (1.5 s) limits. */
const PROMPT = 8_000

describe('the wire to Postgres fails', () => {
  let wire: Wire
  let house: House
  before(async () => {
    const databaseUrl = await freshDatabase()
    wire = await openWire(databaseUrl)
    const database = { url: wire.url, poolSize: 8, acquireTimeoutMs: 500, statementTimeoutMs: 1_500 }
    house = await openHouse({ processes: 1, databaseUrl, config: { database } })
  })
  after(async () => {
    await house.processes[0]?.kill()
    await house.close()
    wire.close()
  })

  it('after the commit, before its answer: the retry does not cost the customer the consent', async () => {
    const acme = await house.register()
    const { code, asked } = await justAgreed(house, acme)
    const consent = await newestConsent(house, acme)
    await acme.clientCredentials()
    wire.loseAnswerTo('token.issued')

    const first = await acme.exchange(code, asked)
    // An honest third party tries again when it is told that nothing was changed, and only then.
    const answers = first.status === 503 ? [first, await acme.exchange(code, asked)] : [first]

    assert.equal(answers.at(-1)?.status, 200)
    const outcome = {
      answers: answers.map(({ status }) => status),
      consent: await consentState(house, consent),
    }
    assert.equal(outcome.consent?.state, 'authorised', JSON.stringify(outcome))
  })

  it('silently: every request is answered soon, and new connections serve again', async () => {
    const acme = await house.register()
    const { accessToken } = await share(house, acme)
    const read = async () => {
      const answer = acme.resource('/accounts', accessToken).then(({ status }) => status)
      const late = new Promise<string>((resolve) => setTimeout(resolve, PROMPT, 'no answer').unref())
      return Promise.race([answer, late])
    }
    assert.equal(await read(), 200)
    wire.fallSilent()

    const first = await Promise.all([read(), read(), read(), read()])
    const afterwards = [await read(), await read()]

    assert.ok(!first.includes('no answer'), `while it fell silent: ${first}; afterwards: ${afterwards}`)
    assert.deepEqual(afterwards, [200, 200])
  })
})
