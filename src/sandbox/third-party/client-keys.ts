import { webcrypto } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'
import type { StateFolder } from '../state-folder.ts'

/** The third party's keys: one proves who it is (PS256), one binds its tokens (DPoP, ES256). */
export interface ClientKeys {
  readonly authentication: { readonly key: webcrypto.CryptoKey; readonly kid: string }
  readonly dpop: webcrypto.CryptoKeyPair
  /** The public half of the authentication key, for the directory. */
  readonly jwks: { readonly keys: readonly JWK[] }
}

const RSA_PSS = { name: 'RSA-PSS', hash: 'SHA-256' } as const
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** The keys in the state folder; made on the first start. Private keys are not extractable once they are loaded. */
export async function openClientKeys(state: StateFolder): Promise<ClientKeys> {
  // Our own files, mode 600, written by `newKey`.
  const authentication = JSON.parse(await state.keep('authentication-key.json', () => newKey('PS256'))) as JWK
  const dpop = JSON.parse(await state.keep('dpop-key.json', () => newKey('ES256'))) as JWK
  const kid = await calculateJwkThumbprint(authentication)
  return {
    authentication: { key: await load(authentication, RSA_PSS, 'sign'), kid },
    dpop: {
      privateKey: await load(dpop, ECDSA, 'sign'),
      publicKey: await load(publicHalf(dpop), ECDSA, 'verify'),
    },
    jwks: { keys: [{ ...publicHalf(authentication), kid, alg: 'PS256', use: 'sig' }] },
  }
}

async function newKey(algorithm: 'PS256' | 'ES256'): Promise<string> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  return JSON.stringify(await exportJWK(privateKey))
}

function load(
  jwk: JWK,
  algorithm: typeof RSA_PSS | typeof ECDSA,
  use: 'sign' | 'verify',
): Promise<webcrypto.CryptoKey> {
  return webcrypto.subtle.importKey('jwk', jwk as webcrypto.JsonWebKey, algorithm, use === 'verify', [use])
}

function publicHalf({ kty, n, e, crv, x, y }: JWK): JWK {
  return JSON.parse(JSON.stringify({ kty, n, e, crv, x, y }))
}
