import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { Problem } from '../domain/problem.ts'
import type { SigningAlgorithm, SigningKey } from '../domain/signing-key.ts'
import { thumbprint } from './thumbprint.ts'

const signing = promisify(sign)
const verifying = promisify(verify)

/**
 * A key whose private half lives in this process: for development and tests. Signs on libuv's threads, so that the
 * event loop goes on serving meanwhile.
 */
export async function localSigningKey(
  privateKey: KeyObject,
  observe?: SignatureObserver,
): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey)
  const alg = algorithmOf(publicKey)
  const parameters = parametersOf(alg)
  return {
    kid: await thumbprint(publicKey),
    alg,
    publicKey,
    sign: async (data) => {
      const started = performance.now()
      const signature = await signing('sha256', data, { key: privateKey, ...parameters })
      // A signature that does not verify never leaves the room (faults.md X11).
      if (!(await verifying('sha256', data, { key: publicKey, ...parameters }, signature)))
        throw new Problem('unavailable', 'The signing key made a signature that does not verify.')
      observe?.(alg, performance.now() - started)
      return signature
    },
  }
}

/** Told of each signature made: algorithm and duration in milliseconds. */
export type SignatureObserver = (alg: SigningAlgorithm, ms: number) => void

/** RSA of 2048 bits or more signs PS256, P-256 signs ES256 (FAPI 2.0 Security Profile §5.4.1); nothing else is taken. */
function algorithmOf(publicKey: KeyObject): SigningAlgorithm {
  const details = publicKey.asymmetricKeyDetails
  if (publicKey.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'PS256'
  if (publicKey.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
  throw new Problem('invalid-request', 'A signing key must be RSA of at least 2048 bits, or EC P-256.')
}

// RFC 7518 §3.4 (r‖s) and §3.5 (PSS, salt as long as the hash). The numbers are node:crypto's constants.
const RSA_PKCS1_PSS_PADDING = 6

function parametersOf(alg: SigningAlgorithm) {
  return alg === 'ES256'
    ? ({ dsaEncoding: 'ieee-p1363' } as const)
    : ({ padding: RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const)
}
