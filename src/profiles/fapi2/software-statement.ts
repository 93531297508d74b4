import { Problem } from '../../domain/problem.ts'
import type { Json, JsonObject, JsonWebKeySet, Role, SoftwareStatement } from '../../domain/third-party.ts'

const roles: readonly Role[] = ['AISP', 'PISP', 'CBPII']

/**
 * Reads the claims of a verified statement. The names are those of the UK directory (`software_id`, `org_id` …);
 * keys come by value (`software_jwks`) or by reference (`software_jwks_endpoint`).
 */
export function readStatement(claims: JsonObject): SoftwareStatement {
  const clientUri = claims.software_client_uri
  return {
    issuer: text(claims, 'iss', 200),
    jti: text(claims, 'jti', 128),
    issuedAt: new Date(whole(claims, 'iat') * 1000),
    softwareId: text(claims, 'software_id', 64),
    softwareName: text(claims, 'software_client_name', 140),
    organisationId: text(claims, 'org_id', 64),
    organisationName: text(claims, 'org_name', 140),
    roles: readRoles(claims),
    redirectUris: texts(claims, 'software_redirect_uris'),
    keys: readKeys(claims),
    ...(typeof clientUri === 'string' && clientUri.startsWith('https://') && { clientUri }),
  }
}

function readRoles(claims: JsonObject): readonly Role[] {
  const given = texts(claims, 'software_roles')
  const held = roles.filter((role) => given.includes(role))
  if (held.length === 0)
    throw new Problem('unapproved-software-statement', 'The software has no role that this bank serves.')
  if (claims.org_status !== undefined && claims.org_status !== 'Active')
    throw new Problem('unapproved-software-statement', 'The organisation is not active in the directory.')
  return held
}

function readKeys(claims: JsonObject): SoftwareStatement['keys'] {
  const jwks = claims.software_jwks
  if (isKeySet(jwks)) return { jwks }
  if (jwks !== undefined) throw invalid('software_jwks is not a JSON Web Key Set')
  return { jwksUri: text(claims, 'software_jwks_endpoint', 2048) }
}

function isKeySet(value: Json | undefined): value is JsonObject & JsonWebKeySet {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { keys } = value as JsonObject
  return (
    Array.isArray(keys) && keys.every((key) => typeof key === 'object' && key !== null && !Array.isArray(key))
  )
}

function text(claims: JsonObject, name: string, longest: number): string {
  const value = claims[name]
  if (typeof value !== 'string' || value === '' || value.length > longest)
    throw invalid(`${name} is missing or is not a text of at most ${longest} characters`)
  return value
}

function texts(claims: JsonObject, name: string): readonly string[] {
  const value = claims[name]
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string'))
    throw invalid(`${name} is missing or is not a list of texts`)
  return value
}

function whole(claims: JsonObject, name: string): number {
  const value = claims[name]
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw invalid(`${name} is not a whole number`)
  return value
}

function invalid(sentence: string): Problem {
  return new Problem('invalid-software-statement', `The software statement's ${sentence}.`)
}
