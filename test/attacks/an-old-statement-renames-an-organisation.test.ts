import assert from 'node:assert/strict'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import { askStatement } from '../support/registration.ts'

describe('an old software statement is sent again', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  it('is refused, and the name that customers read stays as the directory said last', async () => {
    const [key, newKey] = [await makeKeyPair('ES256'), await makeKeyPair('ES256')]
    const vouch = (name: string, pair: typeof key) =>
      askStatement(house.transport, house.directory.url, {
        name: 'Acme Budget',
        redirectUris: ['https://acme-budget.test/callback'],
        keys: [pair],
        roles: ['AISP'],
        organisation: { id: 'ORG-1', name },
      })
    const old = await vouch('Nearly Meridian Bank', key)
    await house.register({ statement: old, key })
    await house.register({ statement: await vouch('Acme Ltd', newKey), key: newKey })

    await assert.rejects(house.register({ statement: old, key }))

    const rows = await house.sql("select name from organisation where directory_id = 'ORG-1'")
    assert.deepEqual(rows, [{ name: 'Acme Ltd' }])
  })
})
