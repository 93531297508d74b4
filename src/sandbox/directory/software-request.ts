import type { JWK } from 'jose'
import { Refusal } from '../refusal.ts'

const roles = ['AISP', 'PISP', 'CBPII'] as const

/** What somebody asks the directory to vouch for. */
export interface SoftwareRequest {
  readonly client_name: string
  readonly redirect_uris: readonly string[]
  readonly keys: { readonly jwks: { readonly keys: readonly JWK[] } } | { readonly jwks_uri: string }
  readonly roles: readonly string[]
  readonly org_id?: string
  readonly org_name?: string
  readonly client_uri?: string
  readonly software_id?: string
}

type Body = Readonly<Record<string, unknown>>

const members = new Set([
  ...['client_name', 'redirect_uris', 'jwks', 'jwks_uri', 'roles'],
  ...['org_id', 'org_name', 'client_uri', 'software_id'],
])
/** Members of a private or symmetric JWK (RFC 7518 §6). */
const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** The body of `POST /software-statements`. Throws Refusal 400 with the first thing that is wrong. */
export function readSoftwareRequest(body: Body): SoftwareRequest {
  const unknown = Object.keys(body).find((name) => !members.has(name))
  if (unknown !== undefined)
    throw invalid(`${JSON.stringify(unknown.slice(0, 40))} is not a member of this request`)
  return {
    client_name: text(body, 'client_name', 140),
    redirect_uris: redirectUris(body),
    keys: keys(body),
    roles: knownRoles(body),
    ...(body.org_id !== undefined && { org_id: identifier(body, 'org_id') }),
    ...(body.org_name !== undefined && { org_name: text(body, 'org_name', 140) }),
    ...(body.client_uri !== undefined && { client_uri: webAddress(body.client_uri, 'client_uri') }),
    ...(body.software_id !== undefined && { software_id: identifier(body, 'software_id') }),
  }
}

function redirectUris(body: Body): readonly string[] {
  const uris = list(body, 'redirect_uris', 20).map((uri) => webAddress(uri, 'redirect_uris'))
  const fragment = uris.find((uri) => uri.includes('#'))
  if (fragment !== undefined) throw invalid('redirect_uris must not have a fragment')
  return uris
}

function keys(body: Body): SoftwareRequest['keys'] {
  const { jwks, jwks_uri } = body
  if ((jwks === undefined) === (jwks_uri === undefined))
    throw invalid('exactly one of jwks and jwks_uri must be given')
  if (jwks_uri !== undefined) return { jwks_uri: webAddress(jwks_uri, 'jwks_uri') }
  if (!isObject(jwks)) throw invalid('jwks must be a JSON Web Key Set')
  return { jwks: { keys: list(jwks, 'keys', 10).map(publicKey) } }
}

function publicKey(key: unknown): JWK {
  if (!isObject(key) || typeof key.kty !== 'string')
    throw invalid('every member of jwks.keys must be a JSON Web Key')
  if (secretMembers.some((member) => member in key))
    throw invalid('jwks holds a private key: throw that key away and send public keys only')
  if (!['RSA', 'EC', 'OKP'].includes(key.kty)) throw invalid('every key must have the kty RSA, EC or OKP')
  // The members that matter here were checked; the bank reads the rest.
  return key as JWK
}

function knownRoles(body: Body): readonly string[] {
  const given = list(body, 'roles', roles.length)
  if (new Set(given).size !== given.length) throw invalid('roles must not repeat a role')
  return given.map((role) => {
    const known = roles.find((name) => name === role)
    if (known === undefined) throw invalid(`roles must be among ${roles.join(', ')}`)
    return known
  })
}

function list(body: Body, name: string, most: number): readonly unknown[] {
  const value = body[name]
  if (!Array.isArray(value) || value.length === 0 || value.length > most)
    throw invalid(`${name} must be an array of 1 to ${most} members`)
  return value
}

function text(body: Body, name: string, longest: number): string {
  const value = body[name]
  if (typeof value !== 'string' || value.trim() === '' || value.length > longest)
    throw invalid(`${name} must be a text of 1 to ${longest} characters`)
  return value
}

function identifier(body: Body, name: string): string {
  const value = body[name]
  if (typeof value !== 'string' || !/^[A-Za-z0-9_.-]{1,64}$/.test(value))
    throw invalid(`${name} must be 1 to 64 letters, digits, dots, dashes or underscores`)
  return value
}

/** An https URL; http only on this machine, for the demo. */
function webAddress(value: unknown, name: string): string {
  if (typeof value !== 'string' || value.length > 512 || !URL.canParse(value))
    throw invalid(`${name} must be an absolute URL of at most 512 characters`)
  const { protocol, hostname } = new URL(value)
  const local = protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  if (protocol !== 'https:' && !local) throw invalid(`${name} must be https (http only on localhost)`)
  return value
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(sentence: string): Refusal {
  return new Refusal(400, 'invalid_request', sentence)
}
