import type { TokenRecord } from '../domain/live-token.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { Database } from './database.ts'
import { type GrantRow, grantColumns, grantJoin, grantPart } from './tokens.ts'
import type { Write } from './writes.ts'

/** A grant's id is its consent's id: one consent, one grant. */
export function insertGrant(grant: {
  readonly id: string
  readonly clientId: string
  readonly expiresAt: Date
  readonly payload: JsonObject
}): Write {
  return {
    sql: 'insert into "grant" (id, consent_id, client_id, expires_at, payload) values ($1::text, $1::uuid, $2, $3, $4)',
    values: [grant.id, grant.clientId, grant.expiresAt, JSON.stringify(grant.payload)],
  }
}

/** The grant with all that hangs on it, whatever its state. */
export async function findGrant(
  database: Database,
  grantId: string,
): Promise<
  | {
      readonly facts: Pick<
        TokenRecord,
        'standing' | 'grant' | 'subject' | 'bankCustomerId' | 'customerActive'
      >
      readonly payload?: JsonObject
    }
  | undefined
> {
  const [row] = await database.query<GrantRow>(
    'grant',
    `select ${grantColumns} from (select id as grant_id, client_id from "grant" where id = $1) x ${grantJoin}`,
    [grantId],
  )
  return row && { facts: grantPart(row), ...(row.g_payload && { payload: row.g_payload }) }
}
