import { revoke } from '../domain/consent.ts'
import { ABSOLUTE_SECONDS } from '../domain/customer.ts'
import { Problem } from '../domain/problem.ts'
import type { AuditTrail } from './audit.ts'
import { type ConsentRow, consentColumns, endGrant, saveRevoked, toConsent } from './consents.ts'
import type { Database } from './database.ts'
import { commit } from './writes.ts'

/** Removes what nobody can use any more, a few rows at a time. Retention is documented in docs/data.md. */
export interface ReapingTask {
  readonly table: string
  /** Removes at most `limit` rows and answers how many it removed. */
  reap(now: Date, limit: number): Promise<number>
}

const DAY = 24 * 60 * 60

export function reapingTasks(database: Database, audit: AuditTrail): readonly ReapingTask[] {
  const older = (table: string, condition: string, seconds: number): ReapingTask => ({
    table,
    reap: async (now, limit) => {
      const rows = await database.query(
        `reap-${table}`,
        `delete from ${table} where ctid = any (array(select ctid from ${table} where ${condition} limit $2)) returning 1`,
        [new Date(now.getTime() - seconds * 1000), limit],
      )
      return rows.length
    },
  })
  return [
    {
      table: 'consent (never collected)',
      reap: (now, limit) => closeNeverCollected(database, audit, now, limit),
    },
    older('one_time', 'keep_until < $1', 60),
    older('token', 'expires_at < $1', 7 * DAY),
    older('interaction', 'expires_at < $1', DAY),
    older('consent', "state = 'awaiting' and kind = 'inline' and created_at < $1", 2 * DAY),
    older('customer_session', 'seen_at < $1', ABSOLUTE_SECONDS),
    older('totp_step', 'used_at < $1', 600),
    older('sign_in_attempt', 'last_at < $1', DAY),
    older('process', 'seen_at < $1', 3600),
    older('outbox', 'sent_at < $1', 30 * DAY),
  ]
}

/** An inline consent whose code nobody exchanged ends with its reason: its third party has nothing to show for it. */
async function closeNeverCollected(
  database: Database,
  audit: AuditTrail,
  now: Date,
  limit: number,
): Promise<number> {
  const rows = await database.query<ConsentRow>(
    'never-collected',
    `select ${consentColumns} from consent c join one_time o on o.grant_id = c.id::text and o.kind = 'code'
      where c.state = 'authorised' and c.kind = 'inline' and o.consumed_at is null and o.expires_at < $1 limit $2`,
    [new Date(now.getTime() - 60_000), limit],
  )
  for (const row of rows) {
    const consent = toConsent(row)
    if (consent.state !== 'authorised') continue
    const ended = revoke(consent, 'never-collected', now)
    const event = await audit.row({
      type: 'consent.revoked',
      actor: 'postern',
      at: now,
      customerId: consent.customerId,
      clientId: consent.clientId,
      consentId: consent.id,
      facts: { reason: 'never-collected' },
    })
    // The code may be exchanged at this very moment by a process whose clock is behind: then the guard gives way.
    await commit(database, [saveRevoked(ended), endGrant(consent.grantId, now), event]).catch((error) => {
      if (!(error instanceof Problem && error.code === 'spent')) throw error
    })
  }
  return rows.length
}
