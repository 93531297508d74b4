import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Small facts that travel through the customer's browser, which can neither read nor change nor move them. */
export interface Sealer {
  /** `place` must be said again to open it. */
  seal(place: string, facts: unknown, until: Date): string
  /** The facts; undefined when they are not ours, are for another place, or their time is over. */
  open(place: string, sealed: string | undefined, now: Date): unknown
}

/** AES-256-GCM under a key derived from `secret` for this purpose alone. */
export function openSealer(secret: Buffer, purpose: string): Sealer {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `postern pages ${purpose}`, 32))
  return {
    seal: (place, facts, until) => encrypt(key, place, JSON.stringify({ facts, until: until.getTime() })),
    open: (place, sealed, now) => {
      const text = sealed === undefined ? undefined : decrypt(key, place, sealed)
      if (text === undefined) return undefined
      // authenticated: what opens with our key was written by `seal`
      const { facts, until } = JSON.parse(text) as { facts: unknown; until: number }
      return now.getTime() < until ? facts : undefined
    },
  }
}

function encrypt(key: Buffer, place: string, text: string): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(place))
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString(
    'base64url',
  )
}

function decrypt(key: Buffer, place: string, sealed: string): string | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < 28) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8')
  } catch {
    return undefined
  }
}
