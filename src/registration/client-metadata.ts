import { Problem } from '../domain/problem.ts'
import type { SigningAlgorithm } from '../domain/signing-key.ts'
import { type JsonObject, readableName, type SoftwareStatement } from '../domain/third-party.ts'
import type { Profile } from '../profiles/profile.ts'
import { type AskedMetadata, invalidMetadata } from './asked-metadata.ts'

const GRANT_TYPES = ['authorization_code', 'refresh_token', 'client_credentials']
const RESPONSE_MODES = ['query', 'jwt', 'query.jwt']

/** What is decided elsewhere. */
export interface DecidedMetadata {
  readonly redirectUris: readonly string[]
  /** What the bank's keys can sign with; the first is the default. */
  readonly signedBy: readonly [SigningAlgorithm, ...SigningAlgorithm[]]
}

/**
 * RFC 7591 metadata of which every member comes from the statement, the profile, or a choice among what both allow.
 * Members that are not understood are dropped; those that contradict are refused.
 * Throws Problem `invalid-client-metadata`, or `invalid-software-statement` for a name that nobody can read.
 */
export function chooseMetadata(
  asked: AskedMetadata,
  statement: SoftwareStatement,
  profile: Profile,
  decided: DecidedMetadata,
): JsonObject {
  return {
    redirect_uris: decided.redirectUris,
    ...identity(asked, statement),
    ...flow(asked),
    ...reach(asked, statement, profile),
    ...signatures(asked, decided.signedBy),
    ...senderConstraint(asked),
    security_profile: asked.maybeOneOf('security_profile', profile.securityProfiles) ?? 'fapi2',
  }
}

function identity(asked: AskedMetadata, statement: SoftwareStatement): JsonObject {
  const name = readableName(statement.softwareName)
  if (name === '' || readableName(statement.organisationName) === '')
    throw new Problem(
      'invalid-software-statement',
      "The software statement's names have no readable character.",
    )
  const uri = statement.clientUri
  const facts = {
    client_name: name,
    software_id: statement.softwareId,
    org_id: statement.organisationId,
    ...(uri !== undefined && isPlainHttps(uri) && { client_uri: uri }),
  }
  for (const [member, fact] of Object.entries(facts)) {
    const said = asked.value(member)
    if (said !== undefined && said !== fact && !(member === 'client_name' && said === statement.softwareName))
      throw invalidMetadata(`${member} is not what the software statement says; leave it out`)
  }
  return facts
}

function isPlainHttps(uri: string): boolean {
  const url = URL.parse(uri)
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && uri.length <= 512
}

/** FAPI 2.0 Security Profile §5.3.2.2: authorization code, pushed requests, query responses; nothing else. */
function flow(asked: AskedMetadata): JsonObject {
  const grants = asked.someOf('grant_types', GRANT_TYPES, ['authorization_code', 'refresh_token'])
  const withCode = grants.includes('authorization_code')
  if (grants.includes('refresh_token') && !withCode)
    throw invalidMetadata('grant_types with refresh_token needs authorization_code too')
  const types = withCode ? ['code'] : []
  const askedTypes = asked.value('response_types')
  if (askedTypes !== undefined && JSON.stringify(askedTypes) !== JSON.stringify(types))
    throw invalidMetadata(
      `response_types must be ${withCode ? 'code alone' : 'empty without authorization_code'}`,
    )
  return {
    application_type: asked.oneOf('application_type', ['web']),
    grant_types: grants,
    response_types: types,
    response_modes: asked.someOf('response_modes', RESPONSE_MODES, RESPONSE_MODES),
    require_pushed_authorization_requests: asked.oneOf('require_pushed_authorization_requests', [true]),
  }
}

/** How far it may ask: what the ecosystem gives to the roles that the directory vouches for. */
function reach(asked: AskedMetadata, statement: SoftwareStatement, profile: Profile): JsonObject {
  const ofRoles = Object.entries(profile.scopes)
    .filter(([, roles]) => roles.some((role) => statement.roles.includes(role)))
    .map(([scope]) => scope)
  const allowed = ofRoles.length === 0 ? [] : profile.authorizationDetailsTypes
  const types = asked.someOf('authorization_details_types', allowed, allowed)
  return {
    scope: asked.wordsOf('scope', ['openid', ...ofRoles]).join(' '),
    ...(types.length > 0 && { authorization_details_types: types }),
  }
}

/** FAPI 2.0 Security Profile §5.4.1. */
function signatures(asked: AskedMetadata, signedBy: DecidedMetadata['signedBy']): JsonObject {
  const idToken = asked.oneOf('id_token_signed_response_alg', signedBy)
  const clientAuth = asked.maybeOneOf('token_endpoint_auth_signing_alg', ['PS256', 'ES256'])
  return {
    token_endpoint_auth_method: asked.oneOf('token_endpoint_auth_method', ['private_key_jwt']),
    ...(clientAuth && { token_endpoint_auth_signing_alg: clientAuth }),
    id_token_signed_response_alg: idToken,
    authorization_signed_response_alg:
      asked.maybeOneOf('authorization_signed_response_alg', signedBy) ?? idToken,
  }
}

/** FAPI 2.0 Security Profile §5.3.2.1: only sender-constrained access tokens. One way per client, so exactly one. */
function senderConstraint(asked: AskedMetadata): JsonObject {
  const mtls = asked.maybeOneOf('tls_client_certificate_bound_access_tokens', [true, false]) ?? false
  if (asked.maybeOneOf('dpop_bound_access_tokens', [true, false]) === mtls)
    throw invalidMetadata(
      'Exactly one of dpop_bound_access_tokens and tls_client_certificate_bound_access_tokens must be true',
    )
  return mtls ? { tls_client_certificate_bound_access_tokens: true } : { dpop_bound_access_tokens: true }
}
