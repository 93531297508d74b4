import assert from 'node:assert/strict'
import { encode } from 'uqr'
import { handedOverLines } from '../../src/command-line/handed-over.ts'

const given = {
  customerNumber: '1000000001',
  totpSecret: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  bankName: 'Meridian Bank',
}
const WHITE_ON_BLACK = '\x1b[38;5;231;48;5;16m'
const RESET = '\x1b[0m'
const uri = `otpauth://totp/Meridian%20Bank:1000000001?secret=${given.totpSecret}&issuer=Meridian%20Bank`

describe("a customer's QR code", () => {
  it('shows the set-up link, white on black and no wider than a terminal', () => {
    const coloured = handedOverLines({ terminal: true }, given).filter((line) => line.includes('\x1b['))
    const rows = coloured.map((line) => {
      assert.ok(line.startsWith(`  ${WHITE_ON_BLACK}`) && line.endsWith(RESET))
      return [...line.slice(2 + WHITE_ON_BLACK.length, -RESET.length)]
    })
    const dark = (character: string | undefined, half: string) => character === ' ' || character === half
    const read = rows.flatMap((row) => [
      row.map((character) => dark(character, '▄')),
      row.map((character) => dark(character, '▀')),
    ])
    const { data, size } = encode(uri, { border: 2 })
    assert.deepEqual(read.slice(0, size), data)
    assert.ok(size <= 76)
  })

  it('is not written where no terminal is', () => {
    const lines = handedOverLines({ terminal: false }, given)
    assert.equal(lines.length, 3)
    assert.ok(lines[1]?.endsWith(uri))
  })
})
