import { createHmac, timingSafeEqual } from 'node:crypto'

/** How long one nonce is the newest. Seconds. */
const STEP = 60
/** Nonces of this many earlier steps are still good: a client may use its last one two to three minutes. */
const PREVIOUS = 2

export interface DpopNonces {
  newest(): string
  /** Undefined when the nonce is none of ours or too old. */
  check(nonce: string): 'newest' | 'good' | undefined
}

/**
 * Nonces that every process knows without a word between them: HMAC-SHA256 over the time step (RFC 9449 §8 and §9
 * leave their making to the server). `secret` is 32 bytes, shared.
 */
export function dpopNonces(secret: Buffer, now: () => Date): DpopNonces {
  const step = () => Math.floor(now().getTime() / 1000 / STEP)
  return {
    newest: () => nonceOf(secret, step()),
    check: (nonce) => {
      const current = step()
      if (same(nonce, nonceOf(secret, current))) return 'newest'
      for (let age = 1; age <= PREVIOUS; age++) {
        if (same(nonce, nonceOf(secret, current - age))) return 'good'
      }
      return undefined
    },
  }
}

function nonceOf(secret: Buffer, step: number): string {
  return createHmac('sha256', secret).update(`postern gateway dpop nonce\0${step}`).digest('base64url')
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
