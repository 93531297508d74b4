import type { KeyObject } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK } from 'jose'

/** RFC 7638: a key's name, the same wherever the key is listed. */
export async function thumbprint(publicKey: KeyObject): Promise<string> {
  return calculateJwkThumbprint(await exportJWK(publicKey))
}
