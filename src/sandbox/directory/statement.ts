import { randomUUID } from 'node:crypto'
import type { Software } from './software-register.ts'
import type { SoftwareRequest } from './software-request.ts'

/** The claims of a software statement, named as in the UK directory. */
export function statementClaims(
  issuer: string,
  software: Software,
  request: SoftwareRequest,
): Readonly<Record<string, unknown>> {
  return {
    iss: issuer,
    jti: randomUUID(),
    software_id: software.software_id,
    software_client_name: request.client_name,
    software_redirect_uris: request.redirect_uris,
    ...('jwks' in request.keys
      ? { software_jwks: request.keys.jwks }
      : { software_jwks_endpoint: request.keys.jwks_uri }),
    software_roles: request.roles,
    org_id: software.org_id,
    org_name: software.org_name,
    org_status: 'Active',
    ...(request.client_uri && { software_client_uri: request.client_uri }),
  }
}
