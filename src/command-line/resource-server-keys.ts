import { X509Certificate } from 'node:crypto'
import { Problem } from '../domain/problem.ts'
import type { JsonObject } from '../domain/third-party.ts'
import { thumbprint } from '../keys/thumbprint.ts'
import { JsonRefused, parseJson } from '../registration/json-guard.ts'
import { KeyRefused, readKeySet, readPublicKey } from '../registration/public-key.ts'

/** The algorithms that clients may sign their assertions with here. */
const ASSERTION_ALGORITHMS = ['PS256', 'ES256']

/** Client metadata by which a resource server proves who it is with a key of its own (RFC 7523). */
export function authenticationByKeys(bytes: Uint8Array): JsonObject {
  const { keys } = readKeys(bytes)
  if (!keys.some(({ alg }) => ASSERTION_ALGORITHMS.includes(String(alg))))
    throw new Problem('invalid-client-metadata', 'The key set needs an RSA or a P-256 key.')
  return {
    token_endpoint_auth_method: 'private_key_jwt',
    dpop_bound_access_tokens: true,
    jwks: { keys },
  }
}

function readKeys(bytes: Uint8Array) {
  try {
    return readKeySet(parseJson(bytes))
  } catch (error) {
    if (!(error instanceof KeyRefused || error instanceof JsonRefused)) throw error
    const what = error instanceof KeyRefused ? `The key set ${error.message}.` : `No JSON: ${error.message}.`
    throw new Problem('invalid-client-metadata', what)
  }
}

/** The same with certificates, which need no CA: they are registered themselves (RFC 8705 §2.2). */
export async function authenticationByCertificates(pems: readonly Buffer[], now: Date): Promise<JsonObject> {
  const keys = await Promise.all(pems.map((pem) => keyOfCertificate(pem, now)))
  return {
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    tls_client_certificate_bound_access_tokens: true,
    jwks: { keys },
  }
}

async function keyOfCertificate(pem: Buffer, now: Date): Promise<JsonObject> {
  const certificate = readCertificate(pem)
  const end = new Date(certificate.validTo)
  if (end <= now)
    throw new Problem(
      'invalid-client-metadata',
      `The certificate ended at ${end.toISOString()}: get a new one.`,
    )
  const kid = await thumbprint(certificate.publicKey)
  const jwk = publicJwk({ ...certificate.publicKey.export({ format: 'jwk' }), kid } as JsonObject)
  return { ...jwk, x5c: [certificate.raw.toString('base64')] }
}

function readCertificate(pem: Buffer): X509Certificate {
  if (/PRIVATE KEY/.test(pem.toString('latin1')))
    throw new Problem('invalid-client-metadata', 'The file holds a private key: give the certificate alone.')
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Problem('invalid-client-metadata', 'The file holds no X.509 certificate (PEM or DER).')
  }
}

function publicJwk(jwk: JsonObject): JsonObject {
  try {
    return readPublicKey(jwk).jwk
  } catch (error) {
    if (!(error instanceof KeyRefused)) throw error
    throw new Problem('invalid-client-metadata', `The certificate's key ${error.message}.`)
  }
}
