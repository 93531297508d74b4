import assert from 'node:assert/strict'
import { clientAssertion } from '../support/client-assertion.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'

// DESIGN §7.16: refusals of an identified party are written down; anonymous ones are counted and sampled. A client_id
// is public: naming one identifies nobody, and rows of the trail are never removed.
describe("a stranger who knows only a third party's client_id", () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  async function rows(clientId: string): Promise<number> {
    const [row] = await house.sql<{ n: number }>(
      'select count(*)::int as n from audit_event where client_id = $1',
      [clientId],
    )
    return row?.n ?? 0
  }

  it('writes nothing into its audit trail at /authorize', async () => {
    const acme = await house.register()
    const before = await rows(acme.clientId)
    for (let number = 0; number < 10; number += 1)
      await house.transport.send({
        url: acme.authorizeUrl(`urn:ietf:params:oauth:request_uri:none-${number}`),
      })
    assert.equal((await rows(acme.clientId)) - before, 0)
  })

  it('nor at /token with assertions that its keys did not sign', async () => {
    const acme = await house.register()
    const before = await rows(acme.clientId)
    const key = await makeKeyPair('ES256')
    const { clientId } = acme
    for (let number = 0; number < 10; number += 1) {
      const assertion = clientAssertion({ clientId, issuer: house.issuer, key, now: new Date() }, {})
      assert.equal((await acme.clientCredentials(undefined, { assertion, proof: false })).status, 401)
    }
    assert.equal((await rows(clientId)) - before, 0)
  })
})
