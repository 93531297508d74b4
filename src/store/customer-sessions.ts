import { randomBytes } from 'node:crypto'
import { ABSOLUTE_SECONDS, IDLE_SECONDS } from '../domain/customer.ts'
import type { Database } from './database.ts'
import { keyOf } from './secrets.ts'
import type { Write } from './writes.ts'

/** Sessions of customers at the page of connected apps: our own, apart from the engine's. */
export function openCustomerSessions(database: Database, now: () => Date) {
  return {
    open: async (customerId: string): Promise<string> => {
      const id = randomBytes(32).toString('base64url')
      await database.query(
        'session-open',
        'insert into customer_session (key, customer_id, opened_at, seen_at) values ($1, $2, $3, $3)',
        [keyOf(id), customerId, now()],
      )
      return id
    },
    /** Touches the session in the same statement that finds it still open. */
    find: async (id: string): Promise<{ readonly customerId: string } | undefined> => {
      const at = now()
      const [row] = await database.query<{ customer_id: string }>(
        'session-find',
        `update customer_session s set seen_at = $2 from customer c
          where s.key = $1 and s.seen_at > $3 and s.opened_at > $4 and c.id = s.customer_id and c.blocked_at is null
          returning s.customer_id`,
        [keyOf(id), at, before(at, IDLE_SECONDS), before(at, ABSOLUTE_SECONDS)],
      )
      return row && { customerId: row.customer_id }
    },
    close: async (id: string): Promise<void> => {
      await database.query('session-close', 'delete from customer_session where key = $1', [keyOf(id)])
    },
  }
}

function before(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() - seconds * 1000)
}

/** Whoever signed in with what is no longer good is signed out everywhere. */
export function endSessionsOf(customerId: string): Write {
  return { sql: 'delete from customer_session where customer_id = $1', values: [customerId] }
}
