import type { AuditEvent } from '../domain/audit-event.ts'
import type { AuditTrail } from './audit.ts'
import { batched } from './batched.ts'
import type { Database } from './database.ts'

/** What leaves through the gateway, and by whose consent. */
export interface DisclosureRecord {
  /** SHA-256 of the access token. */
  readonly tokenKey: Buffer
  readonly consentId: string
  readonly event: AuditEvent
}

/**
 * Writes down what is about to leave, together with the last look at whether it still may: one statement per batch
 * writes an audit row for exactly those whose token, grant, consent, third party and customer are good at that
 * moment. The answer is true for those; for the others nothing was written and nothing may leave.
 */
export function openDisclosures(
  database: Database,
  audit: AuditTrail,
  now: () => Date,
): { record(disclosure: DisclosureRecord): Promise<boolean> } {
  const record = batched(
    async (batch: readonly DisclosureRecord[]) => {
      const rows = await Promise.all(batch.map(({ event }) => audit.row(event)))
      const column = (index: number): readonly unknown[] => rows.map(({ values }) => values[index])
      const written = await database.query<{ n: string }>('disclose', statement, [
        batch.map(({ tokenKey }) => tokenKey),
        batch.map(({ consentId }) => consentId),
        now(),
        ...Array.from({ length: 11 }, (_, index) => column(index)),
      ])
      const live = new Set(written.map(({ n }) => Number(n)))
      return batch.map((_, index) => live.has(index + 1))
    },
    { size: 200, queries: 2 },
  )
  return { record }
}

const statement = `
  with asked as (
    select * from unnest($1::bytea[], $2::uuid[], $4::uuid[], $5::smallint[], $6::timestamptz[], $7::text[], $8::text[],
      $9::bytea[], $10::text[], $11::uuid[], $12::text[], $13::text[], $14::bytea[]) with ordinality
      as a(token_key, token_consent, epoch, schema_version, at, type, actor, customer_ref, client_id, consent_id,
        interaction_id, canonical, leaf, n)
  ), live as (
    select a.* from asked a
      join token t on t.key = a.token_key and t.revoked_at is null and t.expires_at > $3
      join "grant" g on g.id = t.grant_id and g.ended_at is null
      join consent c on c.id = g.consent_id and c.id = a.token_consent and c.state = 'authorised' and c.expires_at > $3
      join third_party tp on tp.client_id = c.client_id and tp.standing = 'active'
      join customer cu on cu.id = c.customer_id and cu.blocked_at is null
  ), told as (
    insert into audit_event (epoch, schema_version, at, type, actor, customer_ref, client_id, consent_id,
        interaction_id, canonical, leaf)
      select epoch, schema_version, at, type, actor, customer_ref, client_id, consent_id, interaction_id, canonical, leaf
      from live order by n
  ), used as (
    update consent set last_used_at = $3 where id in (
      select id from consent where id in (select token_consent from live)
        and (last_used_at is null or last_used_at < $3::timestamptz - interval '1 minute')
      for update skip locked)
  )
  select n::text as n from live`
