import assert from 'node:assert/strict'
import { base32, totp } from '../support/totp.ts'

describe('the scripted authenticator', () => {
  // RFC 6238 appendix B, the SHA-1 rows: time in seconds, code of eight digits.
  const vectors = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ] as const

  for (const [seconds, code] of vectors)
    it(`gives ${code} at second ${seconds}`, () => {
      const secret = Buffer.from('12345678901234567890')
      assert.equal(totp(secret, Math.floor(seconds / 30), 8), code)
    })

  it('reads base32 as authenticator apps write it', () => {
    const secret = Buffer.from('12345678901234567890')
    assert.deepEqual(base32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'), secret)
    assert.deepEqual(base32('gezdgnbvgy3tqojqgezdgnbvgy3tqojq'), secret)
    assert.equal(base32('MZXW6===').toString(), 'foo')
    assert.throws(() => base32('0189'), RangeError)
  })
})
