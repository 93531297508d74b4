import { createHmac, randomBytes } from 'node:crypto'
import { AUDIT_SCHEMA_VERSION, type AuditEvent, canonicalJson, leafHash } from '../domain/audit-event.ts'
import type { Database } from './database.ts'
import { newRows } from './new-rows.ts'
import { commit, type Write } from './writes.ts'

/** Writes the trail. A row stands in the same statement as the change it tells of (house invariant 10). */
export interface AuditTrail {
  /** The write that appends the event, to be committed with the change. */
  row(event: AuditEvent): Promise<Write>
  /** Appends at once, for what has no other change beside it, such as a refusal. */
  append(event: AuditEvent): Promise<void>
  list(filter: AuditFilter): Promise<readonly AuditRow[]>
}

export interface AuditFilter {
  readonly consentId?: string
  readonly clientId?: string
  readonly customerId?: string
  readonly limit: number
}

export interface AuditRow {
  readonly id: string
  readonly at: Date
  readonly type: string
  readonly actor: string
  readonly clientId: string | null
  readonly consentId: string | null
  readonly interactionId: string | null
  /** The row's canonical JSON, from which its leaf hash is made. */
  readonly canonical: string
  readonly leaf: string
}

const auditRows = newRows('audit_event', {
  epoch: 'uuid',
  schema_version: 'smallint',
  at: 'timestamptz',
  type: 'text',
  actor: 'text',
  customer_ref: 'bytea',
  client_id: 'text',
  consent_id: 'uuid',
  interaction_id: 'text',
  canonical: 'text',
  leaf: 'bytea',
})

const list = `select id::text as id, at, type, actor, client_id as "clientId", consent_id as "consentId",
    interaction_id as "interactionId", canonical, encode(leaf, 'hex') as leaf
  from audit_event e
  where ($1::uuid is null or consent_id = $1) and ($2::text is null or client_id = $2)
    and ($3::bytea is null or customer_ref = $3)
  order by e.id desc limit $4`

/** Customers' pseudonyms kept in memory at most; the database has the salts of the others. */
const CACHED_PSEUDONYMS = 10_000

export async function openAuditTrail(database: Database): Promise<AuditTrail> {
  const [cluster] = await database.query<{ epoch: string }>('epoch', 'select epoch from cluster', [])
  const epoch = cluster?.epoch
  if (epoch === undefined) throw new Error('the database has no epoch; run postern migrate')
  const pseudonyms = new Map<string, Buffer>()

  async function saltOf(customerId: string): Promise<Buffer> {
    const rows = await database.query<{ salt: Buffer }>(
      'salt',
      `with fresh as (insert into audit_salt (customer_id, salt) values ($1, $2) on conflict do nothing returning salt)
        select salt from fresh union all select salt from audit_salt where customer_id = $1`,
      [customerId, randomBytes(32)],
    )
    // Two processes may meet a customer for the first time at once: the one that lost sees the row when it asks again.
    return rows[0]?.salt ?? saltOf(customerId)
  }

  async function pseudonym(customerId: string): Promise<Buffer> {
    const known = pseudonyms.get(customerId)
    if (known !== undefined) return known
    const made = createHmac('sha256', await saltOf(customerId))
      .update(customerId)
      .digest()
    if (pseudonyms.size >= CACHED_PSEUDONYMS) pseudonyms.clear()
    pseudonyms.set(customerId, made)
    return made
  }

  async function row(event: AuditEvent): Promise<Write> {
    const customer = event.customerId === undefined ? undefined : await pseudonym(event.customerId)
    const canonical = canonicalJson({
      schema: AUDIT_SCHEMA_VERSION,
      epoch,
      at: event.at.toISOString(),
      type: event.type,
      actor: event.actor,
      customer: customer?.toString('hex'),
      client: event.clientId,
      consent: event.consentId,
      interaction: event.interactionId,
      facts: event.facts,
    })
    return {
      rows: auditRows,
      sql: auditRows.one,
      values: [
        epoch,
        AUDIT_SCHEMA_VERSION,
        event.at,
        event.type,
        event.actor,
        customer ?? null,
        event.clientId ?? null,
        event.consentId ?? null,
        event.interactionId ?? null,
        canonical,
        leafHash(canonical),
      ],
    }
  }

  return {
    row,
    append: async (event) => commit(database, [await row(event)]),
    list: async (filter) => {
      const customer = filter.customerId === undefined ? null : await pseudonym(filter.customerId)
      const rows = await database.query<AuditRow>('audit-list', list, [
        filter.consentId ?? null,
        filter.clientId ?? null,
        customer,
        filter.limit,
      ])
      return rows.toReversed()
    },
  }
}
