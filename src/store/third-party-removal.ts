import type { AuditTrail } from './audit.ts'
import { endConsent } from './connections.ts'
import { type ConsentRow, consentColumns, toConsent } from './consents.ts'
import type { Database } from './database.ts'

/** Consents read at once. */
const BATCH = 100

const select = `select ${consentColumns} from consent c where c.client_id = $1 and c.state = 'authorised'
  order by c.id limit ${BATCH}`

/**
 * Ends every authorised consent of a third party that was removed, each with its grant and audit row in one commit,
 * and answers how many. May be broken off and begun again at any time. `progress` is told the number so far.
 */
export async function endConsentsOf(
  database: Database,
  audit: AuditTrail,
  clientId: string,
  now: () => Date,
  progress: (ended: number) => void = () => undefined,
): Promise<number> {
  let ended = 0
  for (;;) {
    const rows = await database.query<ConsentRow>('consents-of-removed', select, [clientId])
    if (rows.length === 0) return ended
    for (const row of rows)
      await endConsent(
        database,
        audit,
        toConsent(row),
        { reason: 'third-party-removed', actor: 'operator' },
        now(),
      )
    ended += rows.length
    progress(ended)
  }
}

/** How many consents a third party can use as of now, for those who are about to stop it. */
export async function countUsableConsents(database: Database, clientId: string, now: Date): Promise<number> {
  const [row] = await database.query<{ readonly n: number }>(
    'usable-consents',
    `select count(*)::int as n from consent where client_id = $1 and state = 'authorised' and expires_at > $2`,
    [clientId, now],
  )
  return row?.n ?? 0
}
