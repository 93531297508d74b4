import { randomUUID } from 'node:crypto'
import type { JsonObject } from '../../src/domain/third-party.ts'
import { fapi2 } from '../../src/profiles/fapi2/index.ts'
import { openRegistration } from '../../src/registration/registration.ts'
import { type KeyPair, makeKeyPair, signJws } from '../support/jws.ts'

export const ISSUER = 'https://directory.example'
export const NOW = new Date('2026-06-01T10:00:00Z')
export const REDIRECT = 'https://acme.example/callback'

/** A directory that signs whatever a test wants, and a registration door that trusts it. */
export interface DirectoryUnderTest {
  readonly key: KeyPair
  readonly software: KeyPair
  /** A statement as an honest directory writes it, with these claims and header members instead. */
  statement(claims?: JsonObject, header?: JsonObject): string
  readonly claims: JsonObject
}

export async function openTestDirectory(): Promise<DirectoryUnderTest> {
  const [key, software] = await Promise.all([makeKeyPair('PS256'), makeKeyPair('ES256')])
  const claims: JsonObject = {
    iss: ISSUER,
    iat: NOW.getTime() / 1000 - 10,
    software_id: 'software-1',
    software_client_name: 'Acme Budget',
    org_id: 'org-1',
    org_name: 'Acme Ltd',
    org_status: 'Active',
    software_roles: ['AISP'],
    software_redirect_uris: [REDIRECT, 'https://acme.example/second'],
    software_jwks: { keys: [software.publicJwk] },
  }
  const statement = (other: JsonObject = {}, header: JsonObject = {}) =>
    signJws(
      { alg: 'PS256', typ: 'JWT', kid: key.kid, ...header },
      { jti: randomUUID(), ...claims, ...other },
      key.privateKey,
    )
  return { key, software, statement, claims }
}

/** What a store promises, kept in memory: the real one has its own tests. */
function openMemoryRegister() {
  const spent = new Map<string, Date>()
  return {
    spent,
    spend: async (key: Buffer, expiresAt: Date) => {
      const name = key.toString('hex')
      if (spent.has(name)) return false
      spent.set(name, expiresAt)
      return true
    },
  }
}

export function openTestDoor(
  directory: DirectoryUnderTest,
  other: Partial<Parameters<typeof openRegistration>[0]> = {},
) {
  const statements = openMemoryRegister()
  const door = openRegistration({
    profile: fapi2,
    directories: [
      {
        issuer: ISSUER,
        keys: { find: async (kid) => (kid === directory.key.kid ? directory.key.publicJwk : undefined) },
      },
    ],
    fetch: { json: () => Promise.reject(new Error('nothing is fetched in this test')) },
    statements,
    allowLoopbackRedirects: false,
    now: () => NOW,
    ...other,
  })
  return { door, statements }
}
