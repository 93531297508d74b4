import { randomUUID } from 'node:crypto'
import type { House } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import { discover } from '../support/server-metadata.ts'
import { ThirdParty } from '../support/third-party.ts'

/** A resource API of the bank for this resource, known by its key; it can `introspect`. */
export async function addResourceServer(house: House, resource: string): Promise<ThirdParty> {
  const clientId = randomUUID()
  const key = await makeKeyPair('ES256')
  const metadata = {
    client_id: clientId,
    client_name: 'Accounts API',
    token_endpoint_auth_method: 'private_key_jwt',
    dpop_bound_access_tokens: true,
    jwks: { keys: [key.publicJwk] },
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  }
  await house.sql(
    `insert into resource_server (client_id, name, resource, metadata, added_at)
      values ($1, 'Accounts API', $2, $3, now())`,
    [clientId, resource, JSON.stringify(metadata)],
  )
  return new ThirdParty({
    transport: house.transport,
    server: await discover(house.transport, house.issuer),
    clientId,
    variant: 'private_key_jwt-dpop',
    key,
    dpopKey: key,
    idTokenAlg: 'PS256',
    redirectUri: 'https://api.postern.test/none',
    now: () => new Date(),
  })
}
