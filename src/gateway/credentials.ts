import { Refusal } from './refusal.ts'

/** What a request shows to be let in; nothing of it has been believed yet. */
export interface Credentials {
  readonly token: string
  readonly scheme: 'DPoP' | 'Bearer'
  readonly proof?: string
}

/** RFC 6750 §2.1 and RFC 9449 §7.1: scheme, one space, token68; schemes in any case (RFC 9110 §11.1). */
const grammar = /^(dpop|bearer) ([A-Za-z0-9._~+/-]+=*)$/i
const LONGEST_TOKEN = 512

/**
 * Reads Authorization and DPoP from the raw header list, where a repeated header cannot hide behind the parser's
 * joining and dropping. Undefined: the request shows nothing, or another scheme. Throws {@link Refusal}.
 */
export function readCredentials(rawHeaders: readonly string[]): Credentials | undefined {
  const [authorization, ...others] = valuesOf(rawHeaders, 'authorization')
  const [proof, ...otherProofs] = valuesOf(rawHeaders, 'dpop')
  if (others.length > 0) throw malformed('There must be one Authorization header.')
  // RFC 9449 §4.3 check 1
  if (otherProofs.length > 0)
    throw new Refusal(401, 'invalid_dpop_proof', 'There must be one DPoP header.', { challenge: 'error' })
  if (authorization === undefined || !/^(dpop|bearer)(?![A-Za-z0-9._~+/-])/i.test(authorization))
    return undefined
  const [, scheme = '', token = ''] = grammar.exec(authorization) ?? []
  if (token === '' || token.length > LONGEST_TOKEN)
    throw malformed('The Authorization header must be a scheme, one space and an access token.')
  return {
    token,
    scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer',
    ...(proof !== undefined && { proof }),
  }
}

function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}

function malformed(sentence: string): Refusal {
  return new Refusal(400, 'invalid_request', sentence, { challenge: 'error' })
}
