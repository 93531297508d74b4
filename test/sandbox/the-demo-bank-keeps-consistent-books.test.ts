import assert from 'node:assert/strict'
import fc from 'fast-check'
import { balanceAt, rowsBetween } from '../../src/sandbox/bank/books.ts'
import { daysIn, payday } from '../../src/sandbox/bank/calendar.ts'
import { decimal } from '../../src/sandbox/bank/money.ts'
import { customerOf } from '../../src/sandbox/bank/personas.ts'

const personas = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'slow', 'fresh-a', 'fresh-b', 'fresh-c']
const accounts = personas.flatMap((id) => customerOf(id)?.holdings.map(({ account }) => account) ?? [])
const moment = fc.date({ min: new Date('2024-06-01'), max: new Date('2034-06-01'), noInvalidDate: true })

describe('the books of the demo bank', () => {
  it('move a balance from one moment to another by exactly the rows between', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...accounts),
        moment,
        fc.integer({ min: 0, max: 100 }),
        (account, from, days) => {
          const to = new Date(from.getTime() + days * 86_400_000)
          const moved = rowsBetween(account, new Date(from.getTime() + 1), to).reduce(
            (sum, { pence }) => sum + pence,
            0,
          )
          assert.equal(balanceAt(account, to), balanceAt(account, from) + moved)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('never leave anybody far below nothing', () => {
    for (const account of accounts)
      for (let day = 0; day < 730; day += 3) {
        const balance = balanceAt(account, new Date(Date.UTC(2026, 0, 1) + day * 86_400_000))
        assert(balance > -20_000, `${account.id} has ${decimal(balance)}`)
      }
  })

  it('book each standing order between two accounts of a customer on both sides', () => {
    const [everyday, savings] = customerOf('alice')?.holdings ?? []
    assert(everyday && savings)
    const [from, to] = [new Date('2026-01-01'), new Date('2027-01-01')]
    const paid = rowsBetween(everyday.account, from, to).filter(
      ({ counterparty }) => counterparty.account === savings.account.number,
    )
    const received = rowsBetween(savings.account, from, to).filter(
      ({ counterparty }) => counterparty.account === everyday.account.number,
    )
    assert.equal(paid.length, 12)
    assert.deepEqual(
      paid.map(({ pence, at }) => [-pence, at]),
      received.map(({ pence, at }) => [pence, at]),
    )
  })

  it('pay salaries on a weekday', () => {
    for (let month = 2024 * 12; month < 2030 * 12; month++) {
      const day = new Date(Date.UTC(Math.floor(month / 12), month % 12, payday(month))).getUTCDay()
      assert(day >= 1 && day <= 5)
      assert(payday(month) <= daysIn(month))
    }
  })

  it('write pence as decimals', () => {
    assert.deepEqual([0, 5, -5, 99, 100, -1250, 123456789].map(decimal), [
      ...['0.00', '0.05', '-0.05', '0.99', '1.00', '-12.50', '1234567.89'],
    ])
  })
})
