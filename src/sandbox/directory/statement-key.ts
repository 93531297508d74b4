import {
  calculateJwkThumbprint,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JWK,
  SignJWT,
} from 'jose'
import type { StateFolder } from '../state-folder.ts'

/** How long a statement is good, in seconds. */
const LIFETIME = 600

export interface StatementKey {
  /** The public half, as `GET /jwks` publishes it. */
  readonly jwks: { readonly keys: readonly JWK[] }
  /** The claims as a signed JWT (PS256), with `iat` and `exp` added. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>
}

/** The key with which the directory vouches for software; it stays in the state folder. */
export async function openStatementKey(state: StateFolder, now: () => Date): Promise<StatementKey> {
  const pem = await state.keep('statement-key.pem', newKey)
  const key = await importPKCS8(pem, 'PS256', { extractable: true })
  const { kty, n, e } = await exportJWK(key)
  if (kty !== 'RSA' || n === undefined || e === undefined)
    throw new Error('statement-key.pem holds no RSA key')
  const kid = await calculateJwkThumbprint({ kty, n, e })
  return {
    jwks: { keys: [{ kty, n, e, kid, alg: 'PS256', use: 'sig' }] },
    sign(claims) {
      const issuedAt = Math.floor(now().getTime() / 1000)
      return new SignJWT({ ...claims, iat: issuedAt, exp: issuedAt + LIFETIME })
        .setProtectedHeader({ alg: 'PS256', typ: 'JWT', kid })
        .sign(key)
    },
  }
}

async function newKey(): Promise<string> {
  const { privateKey } = await generateKeyPair('PS256', { modulusLength: 2048, extractable: true })
  return exportPKCS8(privateKey)
}
