import { type ClosingReason, type Consent, revoke } from '../domain/consent.ts'
import { Problem } from '../domain/problem.ts'
import type { AuditTrail } from './audit.ts'
import { type ConsentRow, consentColumns, endGrant, saveRevoked, toConsent } from './consents.ts'
import type { Database } from './database.ts'
import { commit } from './writes.ts'

/** A consent of one customer and the third party it is with. */
export interface CustomerConsent {
  readonly consent: Consent
  readonly lastUsedAt?: Date
  readonly thirdParty: {
    readonly clientId: string
    readonly name: string
    readonly organisationName: string
    readonly clientUri?: string
    readonly suspended: boolean
  }
}

interface Row extends ConsentRow {
  readonly t_name: string
  readonly t_client_uri: string | null
  readonly t_standing: string
  readonly o_name: string
}

const select = `select ${consentColumns}, t.name as t_name, t.client_uri as t_client_uri, t.standing as t_standing,
    o.name as o_name
  from consent c join third_party t on t.client_id = c.client_id join organisation o on o.id = t.organisation_id
  where c.customer_id = $1 and c.state in ('authorised', 'revoked')`

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What a customer agreed to, newest first; nobody else's, ever. */
export async function customerConsents(
  database: Database,
  customerId: string,
): Promise<readonly CustomerConsent[]> {
  const rows = await database.query<Row>(
    'customer-consents',
    `${select} order by c.authorised_at desc limit 500`,
    [customerId],
  )
  return rows.map(toCustomerConsent)
}

/** One of them; undefined for another customer's as for none. */
export async function customerConsent(
  database: Database,
  customerId: string,
  consentId: string,
): Promise<CustomerConsent | undefined> {
  // What is not even an id is nobody's consent; Postgres would call it an error.
  if (!uuid.test(consentId)) return undefined
  const [row] = await database.query<Row>('customer-consent', `${select} and c.id = $2`, [
    customerId,
    consentId,
  ])
  return row && toCustomerConsent(row)
}

function toCustomerConsent(row: Row): CustomerConsent {
  return {
    consent: toConsent(row),
    ...(row.c_last_used_at && { lastUsedAt: row.c_last_used_at }),
    thirdParty: {
      clientId: row.c_client_id,
      name: row.t_name,
      organisationName: row.o_name,
      suspended: row.t_standing !== 'active',
      ...(row.t_client_uri && { clientUri: row.t_client_uri }),
    },
  }
}

/**
 * Ends a consent, its grant and so everything that hangs on it, with the audit row, in one commit. Whoever comes
 * second finds it ended: that is no fault.
 */
export async function endConsent(
  database: Database,
  audit: AuditTrail,
  consent: Consent,
  by: {
    readonly reason: ClosingReason
    readonly actor: 'customer' | 'operator'
    readonly facts?: Record<string, string>
  },
  now: Date,
): Promise<void> {
  if (consent.state !== 'authorised') return
  const ended = revoke(consent, by.reason, now)
  const event = await audit.row({
    type: 'consent.revoked',
    actor: by.actor,
    at: now,
    customerId: consent.customerId,
    clientId: consent.clientId,
    consentId: consent.id,
    facts: { reason: by.reason, ...by.facts },
  })
  try {
    await commit(database, [saveRevoked(ended), endGrant(consent.grantId, now), event])
  } catch (error) {
    if (!(error instanceof Problem && error.code === 'spent')) throw error
  }
}
