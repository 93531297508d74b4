import { PROOF_ALGORITHMS } from './dpop-proof.ts'
import type { Refusal } from './refusal.ts'

/**
 * WWW-Authenticate of a refusal: always how to come with DPoP (RFC 9449 §7.1), and with Bearer too for a client that
 * came that way or with nothing, since its token may be bound to a certificate. A request without any credentials
 * learns no error (RFC 6750 §3.1). Sentences and codes are our own constants, so nothing needs escaping.
 */
export function challenges(
  refusal: Refusal,
  scheme: 'DPoP' | 'Bearer' | undefined,
  metadataUrl: string,
): readonly string[] {
  if (refusal.challenge === 'none') return []
  const error =
    refusal.challenge === 'bare'
      ? []
      : [parameter('error', refusal.error), parameter('error_description', refusal.message)]
  const where = parameter('resource_metadata', metadataUrl)
  const dpop = [...error, parameter('algs', PROOF_ALGORITHMS.join(' ')), where]
  const bearer = [...error, where]
  return [`DPoP ${dpop.join(', ')}`, ...(scheme === 'DPoP' ? [] : [`Bearer ${bearer.join(', ')}`])]
}

function parameter(name: string, value: string): string {
  return `${name}="${value.replace(/["\\]/g, "'")}"`
}
