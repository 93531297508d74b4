import { randomUUID } from 'node:crypto'
import type {
  JsonObject,
  Organisation,
  ResourceServer,
  SoftwareStatement,
  Standing,
  ThirdParty,
} from '../domain/third-party.ts'
import type { Database } from './database.ts'
import type { Write } from './writes.ts'

interface ThirdPartyRow {
  readonly client_id: string
  readonly organisation_id: string
  readonly directory_id: string
  readonly organisation_name: string
  readonly software_id: string
  readonly name: string
  readonly roles: ThirdParty['roles']
  readonly standing: Standing
  readonly security_profile: ThirdParty['securityProfile']
  readonly client_uri: string | null
  readonly metadata: JsonObject
  readonly registered_at: Date
}

const select = `select t.client_id, t.organisation_id, o.directory_id, o.name as organisation_name, t.software_id, t.name,
  t.roles, t.standing, t.security_profile, t.client_uri, t.metadata, t.registered_at
  from third_party t join organisation o on o.id = t.organisation_id`

function toThirdParty(row: ThirdPartyRow): ThirdParty {
  return {
    clientId: row.client_id,
    organisation: { id: row.organisation_id, directoryId: row.directory_id, name: row.organisation_name },
    softwareId: row.software_id,
    name: row.name,
    roles: row.roles,
    standing: row.standing,
    securityProfile: row.security_profile,
    registeredAt: row.registered_at,
    metadata: row.metadata,
    ...(row.client_uri && { clientUri: row.client_uri }),
  }
}

export async function findThirdParty(database: Database, clientId: string): Promise<ThirdParty | undefined> {
  const [row] = await database.query<ThirdPartyRow>('third-party', `${select} where t.client_id = $1`, [
    clientId,
  ])
  return row && toThirdParty(row)
}

export async function listThirdParties(database: Database): Promise<readonly ThirdParty[]> {
  const rows = await database.query<ThirdPartyRow>('third-parties', `${select} order by t.registered_at`, [])
  return rows.map(toThirdParty)
}

/**
 * The organisation of a statement, and the change that makes it or tells its newer name: to be committed with what is
 * registered for it, so that a refused registration leaves no trace. Its name follows the newest statement.
 */
export async function organisationOf(
  database: Database,
  statement: SoftwareStatement,
): Promise<{ readonly organisation: Organisation; readonly change: Write }> {
  const { issuer, organisationId, organisationName, issuedAt } = statement
  const [known] = await database.query<{ id: string }>(
    'organisation',
    'select id from organisation where directory = $1 and directory_id = $2',
    [issuer, organisationId],
  )
  const id = known?.id ?? randomUUID()
  const change: Write = known
    ? {
        sql: 'update organisation set name = $2, named_at = $3 where id = $1 and named_at <= $3',
        values: [id, organisationName, issuedAt],
      }
    : {
        sql: 'insert into organisation (id, directory, directory_id, name, named_at) values ($1, $2, $3, $4, $5)',
        values: [id, issuer, organisationId, organisationName, issuedAt],
      }
  return { organisation: { id, directoryId: organisationId, name: organisationName }, change }
}

export function insertThirdParty(thirdParty: ThirdParty): Write {
  return {
    sql: `insert into third_party (client_id, organisation_id, software_id, name, roles, standing, security_profile,
        client_uri, metadata, registered_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      thirdParty.clientId,
      thirdParty.organisation.id,
      thirdParty.softwareId,
      thirdParty.name,
      thirdParty.roles,
      thirdParty.standing,
      thirdParty.securityProfile,
      thirdParty.clientUri ?? null,
      JSON.stringify(thirdParty.metadata),
      thirdParty.registeredAt,
    ],
  }
}

/** Guarded: the standing changes from another one, and a removed third party stays removed. */
export function saveStanding(clientId: string, standing: Standing): Write {
  return {
    sql: `update third_party set standing = $2 where client_id = $1 and standing <> $2 and standing <> 'removed'`,
    values: [clientId, standing],
    guard: `No third party ${clientId} whose standing could become ${standing}.`,
  }
}

interface ResourceServerRow {
  readonly client_id: string
  readonly name: string
  readonly resource: string
  readonly metadata: JsonObject
}

function toResourceServer(row: ResourceServerRow): ResourceServer {
  return { clientId: row.client_id, name: row.name, resource: row.resource, metadata: row.metadata }
}

export async function findResourceServer(
  database: Database,
  clientId: string,
): Promise<ResourceServer | undefined> {
  const [row] = await database.query<ResourceServerRow>(
    'resource-server',
    'select client_id, name, resource, metadata from resource_server where client_id = $1',
    [clientId],
  )
  return row && toResourceServer(row)
}

export async function listResourceServers(database: Database): Promise<readonly ResourceServer[]> {
  const rows = await database.query<ResourceServerRow>(
    'resource-servers',
    'select client_id, name, resource, metadata from resource_server order by added_at',
    [],
  )
  return rows.map(toResourceServer)
}

export function insertResourceServer(server: ResourceServer, now: Date): Write {
  return {
    sql: 'insert into resource_server (client_id, name, resource, metadata, added_at) values ($1, $2, $3, $4, $5)',
    values: [server.clientId, server.name, server.resource, JSON.stringify(server.metadata), now],
  }
}

export function deleteResourceServer(clientId: string): Write {
  return {
    sql: 'delete from resource_server where client_id = $1',
    values: [clientId],
    guard: `There is no resource server ${clientId}.`,
  }
}
