import { otpauthUri } from '../sca/totp.ts'
import type { Shell } from './answer.ts'

/** What a customer is handed, once: nobody can look it up later. */
export interface HandedOver {
  readonly customerNumber: string
  /** Only one that was generated. */
  readonly password?: string
  readonly totpSecret: string
  readonly bankName: string
}

/** For a person: password, secret, set-up link and, on a terminal, the QR code that authenticator apps read. */
export async function handedOverLines(shell: Shell, given: HandedOver): Promise<readonly string[]> {
  const uri = otpauthUri(given)
  return [
    ...(given.password === undefined ? [] : [`  Password       ${given.password}`]),
    `  TOTP secret    ${given.totpSecret}`,
    `  Set-up link    ${uri}`,
    ...(shell.terminal ? await qrCode(uri) : []),
    'This is shown once. Hand password and code over in different ways.',
  ]
}

/** For programs. */
export function handedOverJson(given: HandedOver): Record<string, string> {
  return {
    customer_number: given.customerNumber,
    ...(given.password !== undefined && { password: given.password }),
    totp_secret: given.totpSecret,
    otpauth_uri: otpauthUri(given),
  }
}

/** Two modules in the height of one character, so that it fits where a terminal is 80 columns wide. */
async function qrCode(text: string): Promise<readonly string[]> {
  const qr = await import('uqr').catch(() => undefined)
  if (qr === undefined) return ['  (No QR code: the library for it is not part of this installation.)']
  return ['', ...qr.renderUnicodeCompact(text, { border: 2 }).split('\n').map(inItsColours), '']
}

/** The blocks are the light modules: white on black, whatever colours the terminal has. */
function inItsColours(row: string): string {
  return `  \x1b[38;5;231;48;5;16m${row}\x1b[0m`
}
