import { renderUnicodeCompact } from 'uqr'
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
export function handedOverLines(shell: Pick<Shell, 'terminal'>, given: HandedOver): readonly string[] {
  const uri = otpauthUri(given)
  return [
    ...(given.password === undefined ? [] : [`  Password       ${given.password}`]),
    `  TOTP secret    ${given.totpSecret}`,
    `  Set-up link    ${uri}`,
    ...(shell.terminal ? qrCode(uri) : []),
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
function qrCode(text: string): readonly string[] {
  return ['', ...renderUnicodeCompact(text, { border: 2 }).split('\n').map(inItsColours), '']
}

/** The blocks are the light modules: white on black, whatever colours the terminal has. */
function inItsColours(row: string): string {
  return `  \x1b[38;5;231;48;5;16m${row}\x1b[0m`
}
