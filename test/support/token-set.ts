import { isObject, type JsonObject, textMember } from './json.ts'
import type { Answer } from './transport.ts'
import { Unexpected } from './unexpected.ts'

/** A token response (RFC 6749 §5.1, RFC 9396 §7), read and checked. */
export interface TokenSet {
  readonly accessToken: string
  readonly tokenType: 'DPoP' | 'Bearer'
  readonly expiresIn: number
  readonly refreshToken?: string
  readonly idToken?: string
  readonly scope?: string
  readonly authorizationDetails: readonly JsonObject[]
}

/** Throws Unexpected when a member is missing or wrong, or the answer may be cached (RFC 6749 §5.1). */
export function readTokenSet(answer: Answer, tokenType: TokenSet['tokenType']): TokenSet {
  const where = 'the token response'
  const body = answer.json()
  const type = textMember(body, 'token_type', where)
  if (type.toLowerCase() !== tokenType.toLowerCase())
    throw new Unexpected(where, `token_type ${tokenType}`, type)
  if (!answer.headers['cache-control']?.includes('no-store'))
    throw new Unexpected(where, 'Cache-Control: no-store', answer.headers['cache-control'] ?? 'none')
  if (typeof body.expires_in !== 'number')
    throw new Unexpected(where, 'a number as expires_in', JSON.stringify(body.expires_in) ?? 'none')
  return {
    accessToken: textMember(body, 'access_token', where),
    tokenType,
    expiresIn: body.expires_in,
    authorizationDetails: detailsOf(body, where),
    ...(body.refresh_token !== undefined && { refreshToken: textMember(body, 'refresh_token', where) }),
    ...(body.id_token !== undefined && { idToken: textMember(body, 'id_token', where) }),
    ...(body.scope !== undefined && { scope: textMember(body, 'scope', where) }),
  }
}

function detailsOf(body: JsonObject, where: string): readonly JsonObject[] {
  const details = body.authorization_details
  if (details === undefined) return []
  if (!Array.isArray(details) || !details.every(isObject))
    throw new Unexpected(where, 'a list of objects as authorization_details', JSON.stringify(details))
  return details
}
