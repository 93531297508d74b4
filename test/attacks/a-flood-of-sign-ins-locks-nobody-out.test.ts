import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import { openPasswordHasher } from '../../src/sca/password-hasher.ts'
import { openSignIn } from '../../src/sca/sign-in.ts'
import { openCredentials } from '../../src/store/customers.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { type House, openHouse } from '../support/house.ts'

describe('a flood of sign-ins', () => {
  let house: House
  let database: Database
  before(async () => {
    house = await openHouse()
    const limits = { poolSize: 2, acquireTimeoutMs: 1_000, statementTimeoutMs: 2_000 }
    database = openDatabase({ url: house.databaseUrl, ...limits })
  })
  after(async () => {
    await database.close()
    await house.close()
  })

  // House invariant 9: an unavailable part spends nothing. The queue of the hasher is full for as long as a flood lasts.
  it('that keeps the hasher busy does not use up the tries of a customer with the right password', async () => {
    const { customerNumber, password } = (await house.customer()).facts
    const hasher = openPasswordHasher()
    let flooded = true
    const verify = async (phc: string, typed: string): Promise<boolean> => {
      if (flooded) throw new Problem('unavailable', 'Too many people are signing in.')
      return hasher.verify(phc, typed)
    }
    const now = () => new Date()
    const signIn = openSignIn({
      credentials: openCredentials(database, { aliases: false, now }),
      hasher: { ...hasher, verify },
      attemptSecret: Buffer.alloc(32, 7),
      now,
    })
    for (let attempt = 0; attempt < 5; attempt += 1)
      await assert.rejects(signIn.password(customerNumber, password), { code: 'unavailable' })
    flooded = false

    assert.equal((await signIn.password(customerNumber, password)).outcome, 'accepted')
  })
})
