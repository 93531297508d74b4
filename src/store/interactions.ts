import type { ConsentAccount, Decision } from '../domain/consent.ts'
import { ABSOLUTE_SECONDS, IDLE_SECONDS } from '../domain/customer.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { Database } from './database.ts'
import { keyOf } from './secrets.ts'
import type { Write } from './writes.ts'

/** A customer in the middle of being asked: the engine's payload, and how far the customer has come. */
export interface StoredInteraction {
  readonly clientId: string
  readonly consentId?: string
  readonly payload: JsonObject
  /** Who gave the right password; signed in once `authenticatedAt` is set as well. */
  readonly customerId?: string
  readonly authenticatedAt?: Date
  readonly amr: readonly string[]
  readonly decision?: Decision
  readonly finishedAt?: Date
  readonly expiresAt: Date
  /** Somebody had proved something here and was away for too long: they are nobody again. */
  readonly signedOut: boolean
}

interface InteractionRow {
  readonly client_id: string
  readonly consent_id: string | null
  readonly payload: JsonObject
  readonly customer_id: string | null
  readonly authenticated_at: Date | null
  readonly amr: readonly string[] | null
  readonly seen_at: Date
  readonly decision: StoredDecision | null
  readonly finished_at: Date | null
  readonly expires_at: Date
}

type StoredDecision =
  | { readonly kind: 'agreed'; readonly accounts: readonly ConsentAccount[]; readonly decidedAt: string }
  | { readonly kind: 'refused'; readonly decidedAt: string }

const columns = `client_id, consent_id, payload, customer_id, authenticated_at, amr, seen_at, decision, finished_at,
  expires_at`

/** Finished and expired ones too: whoever asks decides what they mean. */
export async function findInteraction(
  database: Database,
  uid: string,
  now: Date,
): Promise<StoredInteraction | undefined> {
  const [row] = await database.query<InteractionRow>(
    'interaction',
    `select ${columns} from interaction where key = $1`,
    [keyOf(uid)],
  )
  return row && toInteraction(row, now)
}

function toInteraction(row: InteractionRow, now: Date): StoredInteraction {
  // RTS Art. 4(3)(d): five minutes without activity end it. A decision, once recorded, stands.
  const idle =
    row.customer_id !== null &&
    row.decision === null &&
    now.getTime() - row.seen_at.getTime() > IDLE_SECONDS * 1000
  return {
    clientId: row.client_id,
    payload: row.payload,
    amr: row.amr ?? [],
    expiresAt: row.expires_at,
    signedOut: idle,
    ...(row.consent_id && { consentId: row.consent_id }),
    ...(row.customer_id && !idle && { customerId: row.customer_id }),
    ...(row.authenticated_at && !idle && { authenticatedAt: row.authenticated_at }),
    ...(row.decision && { decision: toDecision(row.decision) }),
    ...(row.finished_at && { finishedAt: row.finished_at }),
  }
}

function toDecision(stored: StoredDecision): Decision {
  return { ...stored, decidedAt: new Date(stored.decidedAt) }
}

export function insertInteraction(interaction: {
  readonly uid: string
  readonly clientId: string
  readonly consentId: string
  readonly payload: JsonObject
  readonly now: Date
}): Write {
  return {
    proof: { sql: 'select 1 from interaction where key = $1', values: [keyOf(interaction.uid)] },
    sql: `insert into interaction (key, client_id, consent_id, payload, seen_at, expires_at)
      values ($1, $2, $3, $4, $5, $6)`,
    values: [
      keyOf(interaction.uid),
      interaction.clientId,
      interaction.consentId,
      JSON.stringify(interaction.payload),
      interaction.now,
      new Date(interaction.now.getTime() + ABSOLUTE_SECONDS * 1000),
    ],
  }
}

/** Guarded: a browser is sent back once; what hung on the interaction is not used again. */
export function finishInteraction(uid: string, now: Date): Write {
  return {
    sql: 'update interaction set finished_at = $2 where key = $1 and finished_at is null',
    values: [keyOf(uid), now],
    guard: 'This request was finished already.',
  }
}

/** Guarded: the first decision stands, and is that of whom the page was for. Only a signed-in customer who is not idle may decide to share. */
export function recordDecision(
  uid: string,
  decision: Decision,
  customerId: string | undefined,
  now: Date,
): Write {
  const active = new Date(now.getTime() - IDLE_SECONDS * 1000)
  return {
    sql: `update interaction set decision = $2, seen_at = $3
      where key = $1 and decision is null and finished_at is null and expires_at > $3
        and ($4 or (customer_id = $6 and authenticated_at is not null and seen_at >= $5))`,
    values: [
      keyOf(uid),
      JSON.stringify(decision),
      now,
      decision.kind === 'refused',
      active,
      customerId ?? null,
    ],
    guard: 'This request was decided already.',
  }
}

const open = 'key = $1 and decision is null and finished_at is null and expires_at > $2'

/** The customer gave the right password; any earlier proof in this interaction is forgotten. */
export async function savePasswordAccepted(
  database: Database,
  uid: string,
  customerId: string,
  now: Date,
): Promise<void> {
  await database.query(
    'interaction-password',
    `update interaction set customer_id = $3, authenticated_at = null, amr = null, seen_at = $2 where ${open}`,
    [keyOf(uid), now, customerId],
  )
}

/** The second factor followed the first, of the same customer. */
export async function saveFactorAccepted(
  database: Database,
  uid: string,
  customerId: string,
  amr: readonly string[],
  now: Date,
): Promise<void> {
  await database.query(
    'interaction-factor',
    `update interaction set authenticated_at = $2, amr = $4, seen_at = $2 where ${open} and customer_id = $3`,
    [keyOf(uid), now, customerId, amr],
  )
}

/** The customer is still there. Whoever was away for too long does not come back by this: they sign in again. */
export async function touchInteraction(database: Database, uid: string, now: Date): Promise<void> {
  await database.query(
    'interaction-touch',
    `update interaction set seen_at = $2 where ${open} and (customer_id is null or seen_at >= $3)`,
    [keyOf(uid), now, new Date(now.getTime() - IDLE_SECONDS * 1000)],
  )
}
