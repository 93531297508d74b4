import * as client from 'openid-client'
import { Refusal } from '../refusal.ts'
import type { StateFolder } from '../state-folder.ts'
import type { ClientKeys } from './client-keys.ts'

/** This third party as one bank knows it. */
export interface Registered {
  readonly issuer: string
  readonly redirectUri: string
  readonly softwareId: string
  readonly clientId: string
  /** What the bank registered, as openid-client wants it back. */
  readonly metadata: Partial<client.ClientMetadata>
}

export interface RegistrationSettings {
  readonly issuer: string
  readonly directory: string
  readonly redirectUri: string
  readonly clientName: string
  readonly keys: ClientKeys
  readonly state: StateFolder
}

/** Every request goes through the fetch that is handed in. */
export type RegistrationOptions = client.DynamicClientRegistrationRequestOptions & {
  readonly [client.customFetch]: client.CustomFetch
}

const FILE = 'registration.json'

/** The registration of an earlier start, if it is still for this bank and this address. */
export async function keptRegistration(settings: RegistrationSettings): Promise<Registered | undefined> {
  const kept = await readKept(settings)
  return kept?.issuer === settings.issuer && kept.redirectUri === settings.redirectUri ? kept : undefined
}

/** Has itself vouched for by the directory and registers with the bank (RFC 7591). Keeps what came of it. */
export async function register(
  settings: RegistrationSettings,
  options: RegistrationOptions,
): Promise<Registered> {
  const statement = await softwareStatement(settings, options[client.customFetch])
  const configuration = await client.dynamicClientRegistration(
    new URL(settings.issuer),
    { ...wanted(settings.redirectUri), software_statement: statement },
    client.None(),
    options,
  )
  const registered = {
    issuer: settings.issuer,
    redirectUri: settings.redirectUri,
    softwareId: softwareIdOf(statement),
    clientId: configuration.clientMetadata().client_id,
    metadata: { ...configuration.clientMetadata() },
  }
  await settings.state.write(FILE, JSON.stringify(registered))
  return registered
}

function wanted(redirectUri: string): Partial<client.ClientMetadata> {
  return {
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'PS256',
    dpop_bound_access_tokens: true,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    id_token_signed_response_alg: 'PS256',
    scope: 'openid accounts',
  }
}

async function softwareStatement(settings: RegistrationSettings, send: client.CustomFetch): Promise<string> {
  const softwareId = (await readKept(settings))?.softwareId
  const known = softwareId && (await askDirectory(settings, send, { software_id: softwareId }))
  // The directory may have been emptied since: then this is new software to it.
  const response = known && known.status === 201 ? known : await askDirectory(settings, send, {})
  if (response.status !== 201)
    throw new Refusal(502, 'directory', 'The directory does not vouch for this software.')
  return response.text()
}

function askDirectory(
  { directory, redirectUri, clientName, keys }: RegistrationSettings,
  send: client.CustomFetch,
  more: Readonly<Record<string, string>>,
): Promise<Response> {
  const request = {
    client_name: clientName,
    redirect_uris: [redirectUri],
    jwks: keys.jwks,
    roles: ['AISP'],
    ...more,
  }
  return send(`${directory}/software-statements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
    redirect: 'manual',
  })
}

async function readKept({ state }: RegistrationSettings): Promise<Registered | undefined> {
  const kept = await state.read(FILE)
  // Our own file, mode 600, written by `register`.
  return kept === undefined ? undefined : (JSON.parse(kept) as Registered)
}

/** Read, not verified: it is the directory's answer to us, and the bank checks the signature. */
function softwareIdOf(statement: string): string {
  const claims: unknown = JSON.parse(Buffer.from(statement.split('.')[1] ?? '', 'base64url').toString('utf8'))
  if (typeof claims === 'object' && claims !== null && 'software_id' in claims)
    return String(claims.software_id)
  throw new Refusal(502, 'directory', 'The directory answered something else than a software statement.')
}
