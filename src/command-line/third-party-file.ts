import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { Problem } from '../domain/problem.ts'
import {
  type JsonObject,
  type JsonWebKeySet,
  readableName,
  type SoftwareStatement,
} from '../domain/third-party.ts'
import type { Profile } from '../profiles/profile.ts'
import { invalidMetadata, readAsked } from '../registration/asked-metadata.ts'
import { chooseMetadata } from '../registration/client-metadata.ts'
import { isJsonObject, JsonRefused, parseJson } from '../registration/json-guard.ts'
import { KeyRefused, readKeySet } from '../registration/public-key.ts'
import { chooseRedirectUris } from '../registration/redirect-uri.ts'
import { FaultyInput } from './failure.ts'

/** The directory of those whom an operator vouches for. */
export const OPERATOR = 'operator'

const text = (longest: number) => z.string().min(1).max(longest)
const name = text(140).refine((value) => readableName(value) !== '', 'has no readable character')

/** What an operator says of a third party; the rest are RFC 7591 members, judged by registration's own rules. */
const file = z.strictObject({
  client_name: name,
  organisation: z.strictObject({ id: text(64), name }),
  software_id: text(64),
  roles: z
    .array(z.enum(['AISP', 'PISP', 'CBPII'], 'may be AISP, PISP or CBPII'))
    .min(1, 'needs at least one role'),
  redirect_uris: z.array(z.string()).min(1, 'needs at least one address'),
  jwks: z.looseObject({ keys: z.array(z.looseObject({})).min(1, 'needs at least one key') }),
  client_uri: z.string().startsWith('https://', 'must be an https address').optional(),
  ...Object.fromEntries(
    [
      'dpop_bound_access_tokens',
      'tls_client_certificate_bound_access_tokens',
      'scope',
      'grant_types',
      'response_types',
      'response_modes',
      'authorization_details_types',
      'application_type',
      'require_pushed_authorization_requests',
      'token_endpoint_auth_method',
      'token_endpoint_auth_signing_alg',
      'id_token_signed_response_alg',
      'authorization_signed_response_alg',
      'security_profile',
    ].map((member) => [member, z.unknown().optional()]),
  ),
})

export interface VouchedThirdParty {
  readonly statement: SoftwareStatement
  readonly metadata: JsonObject
}

/**
 * Reads a third party that an operator vouches for instead of a directory: same rules, same client metadata. Throws
 * {@link FaultyInput} with everything that is missing, or registration's Problem for what is not allowed.
 */
export function readThirdPartyFile(
  bytes: Uint8Array,
  options: { readonly profile: Profile; readonly allowLoopbackRedirects: boolean; readonly now: Date },
): VouchedThirdParty {
  const object = readObject(bytes)
  const statement = statementOf(object, options.now)
  const asked = readAsked(object)
  const { profile, allowLoopbackRedirects } = options
  const metadata = chooseMetadata(asked, statement, profile, {
    redirectUris: chooseRedirectUris(
      asked.value('redirect_uris'),
      statement.redirectUris,
      allowLoopbackRedirects,
    ),
    signedBy: ['PS256', 'ES256'],
  })
  const jwks = keysOf(object)
  mustBeServed(metadata, jwks)
  return { statement, metadata: { ...metadata, jwks: { keys: jwks.keys } } }
}

function readObject(bytes: Uint8Array): JsonObject {
  try {
    const value = parseJson(bytes)
    if (isJsonObject(value)) return value
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error
    throw new Problem('invalid-request', `The file cannot be read as JSON: ${error.message}.`)
  }
  throw new Problem('invalid-request', 'The file must hold one JSON object.')
}

function statementOf(object: JsonObject, now: Date): SoftwareStatement {
  const read = file.safeParse(object)
  if (!read.success)
    throw new FaultyInput('The third party cannot be added as it is:', read.error.issues.map(faultOf))
  const { client_name, organisation, software_id, roles, redirect_uris, client_uri } = read.data
  return {
    issuer: OPERATOR,
    jti: randomUUID(),
    issuedAt: now,
    softwareId: software_id,
    softwareName: client_name,
    organisationId: organisation.id,
    organisationName: organisation.name,
    roles,
    redirectUris: redirect_uris,
    keys: { jwks: { keys: [] } },
    ...(client_uri !== undefined && { clientUri: client_uri }),
  }
}

function faultOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys')
    return `${issue.keys.join(', ')}: not a member that is understood here`
  const where = issue.path.join('.') || 'the file'
  const missing = issue.code === 'invalid_type' && issue.input === undefined
  return missing ? `${where}: is missing` : `${where}: ${issue.message}`
}

function keysOf(object: JsonObject): JsonWebKeySet {
  try {
    return readKeySet(object.jwks)
  } catch (error) {
    if (error instanceof KeyRefused) throw invalidMetadata(`jwks ${error.message}`)
    throw error
  }
}

/** A client that pins an algorithm for which it has no key could never sign in. */
function mustBeServed(metadata: JsonObject, { keys }: JsonWebKeySet): void {
  const pinned = metadata.token_endpoint_auth_signing_alg
  if (pinned !== undefined && !keys.some(({ alg }) => alg === pinned))
    throw invalidMetadata('token_endpoint_auth_signing_alg is one that none of the keys serves')
}
