import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import type { Admitter } from '../../src/gateway/admitter.ts'
import { type House, honestBank, openHouse } from './harness.ts'

describe('a consent ends while the bank is still answering (threats E16)', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  for (const path of [
    '/accounts',
    '/accounts/A-one',
    '/accounts/A-one/balances',
    '/accounts/A-one/transactions',
  ])
    it(`not one byte of ${path} leaves`, async () => {
      const token = house.issue()
      house.bank.handler = (incoming, response) => {
        house.tokens.delete(token)
        setTimeout(() => honestBank(incoming, response), 50)
      }
      const reply = await house.get(path, token)
      assert.deepEqual([reply.status, reply.json.error], [401, 'invalid_token'])
      assert.ok(!/Maya|Account b|10\.00|secret/.test(reply.text))
      assert.equal(house.disclosures.length, 0)
      const dead = await house.get(path, token)
      assert.equal(dead.text, reply.text, 'and it reads like any dead token')
    })
})

describe('the judge is not there', () => {
  const broken: readonly (readonly [string, number, (own: Admitter) => Admitter])[] = [
    ['cannot judge', 503, (own) => ({ ...own, admit: () => Promise.reject(away()) })],
    ['fails in judging', 500, (own) => ({ ...own, admit: () => Promise.reject(new Error('bug')) })],
    ['cannot record', 503, (own) => ({ ...own, disclosed: () => Promise.reject(away()) })],
    ['fails in recording', 500, (own) => ({ ...own, disclosed: () => Promise.reject(new Error('bug')) })],
  ]
  for (const [name, status, breaks] of broken)
    it(`it ${name}: ${status}, no data`, async () => {
      let out = false
      const house = await openHouse({
        admitter: (own) => ({
          admit: (request) => (out ? breaks(own) : own).admit(request),
          disclosed: (disclosure) => (out ? breaks(own) : own).disclosed(disclosure),
          refused: (refusal) => own.refused(refusal),
        }),
      })
      try {
        out = true
        const reply = await house.get('/accounts', house.issue())
        assert.equal(reply.status, status)
        assert.ok(!/Account b|bug/.test(reply.text))
        assert.equal(reply.headers['www-authenticate'], undefined)
        assert.equal(reply.headers['retry-after'], status === 503 ? '1' : undefined)
      } finally {
        await house.close()
      }
    })
})

function away(): Problem {
  return new Problem('unavailable', 'The database did not answer.')
}
