import assert from 'node:assert/strict'
import { type House, openHouse } from './harness.ts'

describe('a refusal of a party that is known', () => {
  let house: House
  beforeEach(async () => {
    house = await openHouse()
  })
  afterEach(() => house.close())

  it('is written down when the consent does not reach so far', async () => {
    const token = house.issue({ permissions: ['ReadAccountsBasic'] })
    const reply = await house.get('/accounts/A-one/balances', token)
    assert.equal(reply.status, 403)
    assert.deepEqual(
      house.refusals.map(({ endpoint, error }) => [endpoint, error]),
      [['balances', 'insufficient_scope']],
    )
  })

  it('is written down when the token comes without its key', async () => {
    const token = house.issue({ confirmation: { 'x5t#S256': 'somebody-else' } })
    const reply = await house.get('/accounts', token)
    assert.equal(reply.status, 401)
    assert.deepEqual(
      house.refusals.map(({ error }) => error),
      ['invalid_token'],
    )
  })

  it('is not written down for strangers', async () => {
    const reply = await house.get('/accounts', 'nobody-knows-this-token')
    assert.equal(reply.status, 401)
    assert.deepEqual(house.refusals, [])
  })
})
