import type { TokenRecord } from '../domain/live-token.ts'
import type { JsonObject } from '../domain/third-party.ts'
import { batched } from './batched.ts'
import type { Database } from './database.ts'
import { newRows } from './new-rows.ts'
import { keyOf } from './secrets.ts'
import { type GrantRow, grantColumns, grantJoin, grantPart } from './tokens.ts'
import type { Write } from './writes.ts'

export type OneTimeKind = 'code' | 'pushed-request'

/** A code or pushed request as stored, spent or not, expired or not: reuse must be recognised. */
export interface StoredOneTime {
  readonly payload: JsonObject
  readonly consumedAt?: Date
  readonly grant?: Pick<TokenRecord, 'standing' | 'grant' | 'subject' | 'bankCustomerId' | 'customerActive'>
  readonly grantPayload?: JsonObject
}

interface OneTimeRow extends GrantRow {
  readonly payload: JsonObject
  readonly consumed_at: Date | null
}

export async function findOneTime(
  database: Database,
  kind: OneTimeKind,
  value: string,
): Promise<StoredOneTime | undefined> {
  const [row] = await database.query<OneTimeRow>(
    'one-time',
    `select x.payload, x.consumed_at, ${grantColumns}
      from (select *, payload ->> 'clientId' as client_id from one_time where kind = $1 and key = $2) x ${grantJoin}`,
    [kind, keyOf(value)],
  )
  if (row === undefined) return undefined
  return {
    payload: row.payload,
    ...(row.consumed_at && { consumedAt: row.consumed_at }),
    grant: grantPart(row),
    ...(row.g_payload && { grantPayload: row.g_payload }),
  }
}

const oneTimeRows = newRows('one_time', {
  kind: 'text',
  key: 'bytea',
  grant_id: 'text',
  payload: 'jsonb',
  expires_at: 'timestamptz',
  keep_until: 'timestamptz',
})

export function insertOneTime(entry: {
  readonly kind: OneTimeKind
  readonly value: string
  readonly grantId?: string
  readonly payload: JsonObject
  readonly expiresAt: Date
  readonly keepUntil: Date
}): Write {
  return {
    rows: oneTimeRows,
    proof: {
      sql: 'select 1 from one_time where kind = $1 and key = $2',
      values: [entry.kind, keyOf(entry.value)],
    },
    sql: oneTimeRows.one,
    values: [
      entry.kind,
      keyOf(entry.value),
      entry.grantId ?? null,
      JSON.stringify(entry.payload),
      entry.expiresAt,
      entry.keepUntil,
    ],
  }
}

/** Guarded: one spender wins, across all processes; the others learn it when they commit. */
export function consumeOneTime(kind: OneTimeKind, value: string, now: Date): Write {
  return {
    sql: 'update one_time set consumed_at = $3 where kind = $1 and key = $2 and consumed_at is null',
    values: [kind, keyOf(value), now],
    guard: `The ${kind === 'code' ? 'authorization code' : 'request_uri'} was used already.`,
  }
}

/** Keys that may be seen once: client assertions, DPoP proofs, software statements. */
export interface Replays {
  /** True the first time only, however many ask at once on however many processes. Written at once. */
  spend(key: Buffer, expiresAt: Date): Promise<boolean>
}

interface Spending {
  readonly key: Buffer
  readonly expiresAt: Date
}

/** Concurrent spendings share one insert; a key that comes twice in one batch is spent by the first. */
export function openReplays(database: Database): Replays {
  const spend = batched(
    async (batch: readonly Spending[]) => {
      const rows = await database.query<{ key: Buffer }>(
        'spend',
        `insert into one_time (kind, key, expires_at, keep_until)
          select 'replay', key, expires_at, expires_at from unnest($1::bytea[], $2::timestamptz[]) as s(key, expires_at)
          order by key
          on conflict do nothing returning key`,
        [batch.map(({ key }) => key), batch.map(({ expiresAt }) => expiresAt)],
      )
      const fresh = new Set(rows.map(({ key }) => key.toString('base64')))
      return batch.map(({ key }) => fresh.delete(key.toString('base64')))
    },
    { size: 128, queries: 2 },
  )
  return { spend: (key, expiresAt) => spend({ key, expiresAt }) }
}

/** As {@link Replays.spend}, but made with the other changes of a request; guarded. */
export function spendLater(key: Buffer, expiresAt: Date): Write {
  return {
    sql: `insert into one_time (kind, key, expires_at, keep_until) values ('replay', $1, $2, $2) on conflict do nothing`,
    values: [key, expiresAt],
    guard: 'It was used already.',
  }
}
