import type { Confirmation, TokenKind, TokenRecord } from '../domain/live-token.ts'
import type { JsonObject, Standing } from '../domain/third-party.ts'
import { batched } from './batched.ts'
import { type ConsentRow, consentColumns, toConsent } from './consents.ts'
import type { Database } from './database.ts'
import { newRows } from './new-rows.ts'
import { keyOf } from './secrets.ts'
import type { Write } from './writes.ts'

/** A token as stored for the engine, with all that decides whether it is good: one query, one row. */
export interface StoredToken {
  readonly record: TokenRecord
  readonly grantPayload?: JsonObject
  readonly payload: JsonObject
}

/** What hangs on a grant, joined: grant → consent → third party → customer → subject. */
export interface GrantRow extends ConsentRow {
  readonly g_id: string | null
  readonly g_ended_at: Date | null
  readonly g_payload: JsonObject | null
  readonly tp_standing: Standing | null
  readonly cu_bank_customer_id: string | null
  readonly cu_blocked_at: Date | null
  readonly s_sub: string | null
}

/** Joined behind an alias `x` that has `grant_id` and `client_id`. */
export const grantJoin = `
  left join "grant" g on g.id = x.grant_id
  left join consent c on c.id = g.consent_id
  left join third_party tp on tp.client_id = x.client_id
  left join customer cu on cu.id = c.customer_id
  left join subject s on s.organisation_id = tp.organisation_id and s.customer_id = c.customer_id`

export const grantColumns = `g.id as g_id, g.ended_at as g_ended_at, g.payload as g_payload, tp.standing as tp_standing,
  cu.bank_customer_id as cu_bank_customer_id, cu.blocked_at as cu_blocked_at, s.sub as s_sub, ${consentColumns}`

/** The part of a {@link TokenRecord} that comes with the grant. */
export function grantPart(
  row: GrantRow,
): Pick<TokenRecord, 'standing' | 'grant' | 'subject' | 'bankCustomerId' | 'customerActive'> {
  const standing = row.tp_standing ?? 'removed'
  if (row.g_id === null) return { standing }
  return {
    standing,
    grant: {
      id: row.g_id,
      ...(row.g_ended_at && { endedAt: row.g_ended_at }),
      consent: toConsent(row),
    },
    ...(row.s_sub !== null && { subject: row.s_sub }),
    ...(row.cu_bank_customer_id !== null && { bankCustomerId: row.cu_bank_customer_id }),
    customerActive: row.cu_bank_customer_id !== null && row.cu_blocked_at === null,
  }
}

interface TokenRow extends GrantRow {
  readonly kind: TokenKind | null
  readonly client_id: string
  readonly issued_at: Date
  readonly expires_at: Date
  readonly revoked_at: Date | null
  readonly payload: JsonObject
}

const lookUp = `select x.kind, x.client_id, x.issued_at, x.expires_at, x.revoked_at, x.payload, ${grantColumns}
  from unnest($1::bytea[]) with ordinality as k(key, n)
  left join token x on x.key = k.key ${grantJoin}
  order by k.n`

/** Look-ups that share queries when many come at once. */
export function openTokens(database: Database) {
  const find = batched(
    async (keys: readonly Buffer[]) => {
      const rows = await database.query<TokenRow>('tokens', lookUp, [keys])
      return rows.map(toStoredToken)
    },
    { size: 64, queries: 2 },
  )
  return {
    /** The token of any kind, whether it is still good or not; undefined when there never was one. */
    find: (token: string): Promise<StoredToken | undefined> => find(keyOf(token)),
  }
}

function toStoredToken(row: TokenRow): StoredToken | undefined {
  if (row.kind === null) return undefined
  const { payload } = row
  const confirmation = confirmationOf(payload)
  return {
    record: {
      kind: row.kind,
      clientId: row.client_id,
      issuedAt: row.issued_at,
      expiresAt: row.expires_at,
      scope: typeof payload.scope === 'string' ? payload.scope : '',
      ...(typeof payload.aud === 'string' && { resource: payload.aud }),
      ...(confirmation && { confirmation }),
      ...(row.revoked_at && { revokedAt: row.revoked_at }),
      ...grantPart(row),
    },
    ...(row.g_payload && { grantPayload: row.g_payload }),
    payload,
  }
}

function confirmationOf(payload: JsonObject): Confirmation | undefined {
  if (typeof payload.jkt === 'string') return { jkt: payload.jkt }
  const thumbprint = payload['x5t#S256']
  return typeof thumbprint === 'string' ? { 'x5t#S256': thumbprint } : undefined
}

const tokenRows = newRows('token', {
  key: 'bytea',
  kind: 'text',
  client_id: 'text',
  grant_id: 'text',
  issued_at: 'timestamptz',
  expires_at: 'timestamptz',
  payload: 'jsonb',
})

export function insertToken(token: {
  readonly value: string
  readonly kind: TokenKind
  readonly clientId: string
  readonly grantId?: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly payload: JsonObject
}): Write {
  return {
    rows: tokenRows,
    proof: { sql: 'select 1 from token where key = $1', values: [keyOf(token.value)] },
    sql: tokenRows.one,
    values: [
      keyOf(token.value),
      token.kind,
      token.clientId,
      token.grantId ?? null,
      token.issuedAt,
      token.expiresAt,
      JSON.stringify(token.payload),
    ],
  }
}

export function revokeToken(value: string, now: Date): Write {
  return {
    sql: 'update token set revoked_at = coalesce(revoked_at, $2) where key = $1',
    values: [keyOf(value), now],
  }
}
