import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

// The store keeps only hashes of what a browser or client holds, but the engine must get one such value back from
// another's row (an interaction's pushed request). It is kept encrypted under the raw id of the row, which only the
// browser has.

/** Encrypts `text` so that only who holds `id` can read it (AES-256-GCM). */
export function sealed(id: string, text: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(id), iv)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
}

/** Reverses {@link sealed}. Throws when the id is another one. */
export function unsealed(id: string, box: string): string {
  const bytes = Buffer.from(box, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', keyFrom(id), bytes.subarray(0, 12))
  decipher.setAuthTag(bytes.subarray(12, 28))
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
}

function keyFrom(id: string): Buffer {
  return createHash('sha256').update('postern interaction\0').update(id).digest()
}
