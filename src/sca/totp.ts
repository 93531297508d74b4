import { generateSecret, generateURI, NobleCryptoPlugin, ScureBase32Plugin, TOTP } from 'otplib'

/** RFC 6238 §5.2: one step before and one after the present, for clocks that differ and people who type slowly. */
const TOLERANCE_SECONDS = 30

/** 160 random bits (RFC 4226 §4 R6), Base32. */
export function newTotpSecret(): string {
  return generateSecret({ length: 20 })
}

/** What the QR code of an authenticator app holds. Carries the secret: show it once, to its customer, and never log it. */
export function otpauthUri(facts: {
  readonly bankName: string
  readonly customerNumber: string
  readonly totpSecret: string
}): string {
  return generateURI({ issuer: facts.bankName, label: facts.customerNumber, secret: facts.totpSecret })
}

/** Which time-step the code belongs to, within one step of now; undefined when to none. `code` is six digits. */
export async function stepOfCode(totpSecret: string, code: string, now: Date): Promise<number | undefined> {
  if (!/^\d{6}$/.test(code)) return undefined
  const answer = await verifier.verify(code, {
    secret: totpSecret,
    epoch: Math.floor(now.getTime() / 1000),
    epochTolerance: TOLERANCE_SECONDS,
  })
  return answer.valid ? answer.timeStep : undefined
}

const verifier = new TOTP({ crypto: new NobleCryptoPlugin(), base32: new ScureBase32Plugin() })

/** The code that an authenticator app shows now: for the demo's desk, never for a real customer. */
export async function codeNow(totpSecret: string, now: Date): Promise<string> {
  return verifier.generate({ secret: totpSecret, epoch: Math.floor(now.getTime() / 1000) })
}
