import type {
  AuthorisedConsent,
  AwaitingConsent,
  Consent,
  ConsentAccount,
  RejectedConsent,
  RevokedConsent,
} from '../domain/consent.ts'
import type { Database } from './database.ts'
import type { Write } from './writes.ts'

/** A row of table `consent` under the column names of {@link consentColumns}. */
export interface ConsentRow {
  readonly c_id: string
  readonly c_client_id: string
  readonly c_kind: Consent['kind']
  readonly c_state: Consent['state']
  readonly c_permissions: readonly string[]
  readonly c_requested_accounts: readonly string[] | null
  readonly c_expires_at: Date
  readonly c_transactions_from: Date | null
  readonly c_transactions_to: Date | null
  readonly c_created_at: Date
  readonly c_customer_id: string | null
  readonly c_authorised_at: Date | null
  readonly c_closed_at: Date | null
  readonly c_reason: RejectedConsent['reason'] | null
  readonly c_accounts: readonly ConsentAccount[] | null
  readonly c_last_used_at: Date | null
}

export const consentColumns = `c.id as c_id, c.client_id as c_client_id, c.kind as c_kind, c.state as c_state,
  c.permissions as c_permissions, c.requested_accounts as c_requested_accounts, c.expires_at as c_expires_at,
  c.transactions_from as c_transactions_from, c.transactions_to as c_transactions_to, c.created_at as c_created_at,
  c.customer_id as c_customer_id, c.authorised_at as c_authorised_at, c.closed_at as c_closed_at,
  c.reason as c_reason, c.accounts as c_accounts, c.last_used_at as c_last_used_at`

/** The row in our words. The table's checks promise what each state must have; a row without it is a broken store. */
export function toConsent(row: ConsentRow): Consent {
  const base = {
    id: row.c_id,
    clientId: row.c_client_id,
    kind: row.c_kind,
    createdAt: row.c_created_at,
    terms: {
      permissions: row.c_permissions,
      expiresAt: row.c_expires_at,
      ...(row.c_requested_accounts && { requestedAccounts: row.c_requested_accounts }),
      ...(row.c_transactions_from && { transactionsFrom: row.c_transactions_from }),
      ...(row.c_transactions_to && { transactionsTo: row.c_transactions_to }),
    },
  }
  const customer = row.c_customer_id === null ? {} : { customerId: row.c_customer_id }
  switch (row.c_state) {
    case 'awaiting':
      return { ...base, state: 'awaiting' }
    case 'rejected':
      return {
        ...base,
        ...customer,
        state: 'rejected',
        closedAt: held(row.c_closed_at),
        reason: held(row.c_reason),
      }
    case 'authorised':
      return { ...base, ...agreed(row), state: 'authorised' }
    case 'revoked':
      return {
        ...base,
        ...agreed(row),
        state: 'revoked',
        closedAt: held(row.c_closed_at),
        reason: held(row.c_reason),
      }
  }
}

function agreed(
  row: ConsentRow,
): Pick<AuthorisedConsent, 'customerId' | 'accounts' | 'grantId' | 'authorisedAt'> {
  return {
    customerId: held(row.c_customer_id),
    accounts: held(row.c_accounts),
    grantId: row.c_id,
    authorisedAt: held(row.c_authorised_at),
  }
}

function held<Value>(value: Value | null): Value {
  if (value === null) throw new Error('a consent row lacks what its state promises')
  return value
}

export function insertConsent(consent: AwaitingConsent): Write {
  const { terms } = consent
  return {
    sql: `insert into consent (id, client_id, kind, state, permissions, requested_accounts, expires_at,
        transactions_from, transactions_to, created_at)
      values ($1, $2, $3, 'awaiting', $4, $5, $6, $7, $8, $9)`,
    values: [
      consent.id,
      consent.clientId,
      consent.kind,
      terms.permissions,
      terms.requestedAccounts ?? null,
      terms.expiresAt,
      terms.transactionsFrom ?? null,
      terms.transactionsTo ?? null,
      consent.createdAt,
    ],
  }
}

/** Guarded: only a consent that still awaits its decision becomes authorised. */
export function saveAuthorised(consent: AuthorisedConsent): Write {
  return {
    sql: `update consent set state = 'authorised', customer_id = $2, accounts = $3, authorised_at = $4
      where id = $1 and state = 'awaiting'`,
    values: [consent.id, consent.customerId, JSON.stringify(consent.accounts), consent.authorisedAt],
    guard: 'The consent was decided already.',
  }
}

/** Guarded as {@link saveAuthorised}. */
export function saveRejected(consent: RejectedConsent): Write {
  return {
    sql: `update consent set state = 'rejected', customer_id = $2, closed_at = $3, reason = $4
      where id = $1 and state = 'awaiting'`,
    values: [consent.id, consent.customerId ?? null, consent.closedAt, consent.reason],
    guard: 'The consent was decided already.',
  }
}

/** Guarded: a consent is ended once, however many ask. */
export function saveRevoked(consent: RevokedConsent): Write {
  return {
    sql: `update consent set state = 'revoked', closed_at = $2, reason = $3 where id = $1 and state = 'authorised'`,
    values: [consent.id, consent.closedAt, consent.reason],
    guard: 'The consent was ended already.',
  }
}

/** Ends what hangs on a grant without touching its consent; ending it twice changes nothing. */
export function endGrant(grantId: string, now: Date): Write {
  return {
    sql: 'update "grant" set ended_at = coalesce(ended_at, $2) where id = $1',
    values: [grantId, now],
  }
}

/** One consent by its id. */
export async function findConsent(database: Database, id: string): Promise<Consent | undefined> {
  const rows = await database.query<ConsentRow>(
    'consent',
    `select ${consentColumns} from consent c where c.id = $1`,
    [id],
  )
  return rows[0] && toConsent(rows[0])
}
