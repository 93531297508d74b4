import { createHmac } from 'node:crypto'

/** Length of a TOTP step in milliseconds (RFC 6238 §4.1, X = 30). */
export const STEP_MS = 30_000

/** RFC 6238 with HMAC-SHA-1: the code of the step with this number. */
export function totp(secret: Buffer, step: number, digits = 6): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const hash = createHmac('sha1', secret).update(counter).digest()
  // RFC 4226 §5.3: the low four bits of the last byte say where the 31 bits start.
  const offset = hash.readUInt8(19) & 0x0f
  const number = hash.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** digits).padStart(digits, '0')
}

/** RFC 4648 §6, either case, padding optional. Throws RangeError on any other character. */
export function base32(text: string): Buffer {
  let bits = ''
  for (const letter of text.toUpperCase().replace(/=+$/, '')) {
    const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)
    if (value < 0) throw new RangeError('the secret is not base32')
    bits += value.toString(2).padStart(5, '0')
  }
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}
