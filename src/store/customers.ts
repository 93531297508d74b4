import { type Customer, LOCK_SECONDS, MAX_FAILED_ATTEMPTS } from '../domain/customer.ts'
import type { Database } from './database.ts'
import type { Write } from './writes.ts'

interface CustomerRow {
  readonly id: string
  readonly customer_number: string
  readonly bank_customer_id: string
  readonly name: string
  readonly password_hash: string
  readonly totp_secret: string
  readonly blocked_at: Date | null
}

/** A customer and what recognises them. Never logged, never shown. */
export interface StoredCredentials {
  readonly customer: Customer
  readonly passwordHash: string
  readonly totpSecret: string
  readonly blocked: boolean
}

const columns = 'id, customer_number, bank_customer_id, name, password_hash, totp_secret, blocked_at'

function toCustomer(row: Omit<CustomerRow, 'password_hash' | 'totp_secret' | 'blocked_at'>): Customer {
  return {
    id: row.id,
    customerNumber: row.customer_number,
    bankCustomerId: row.bank_customer_id,
    name: row.name,
  }
}

/** What sign-in asks of the store. Attempts are counted before they are verified, in one guarded statement each. */
export function openCredentials(
  database: Database,
  options: { readonly aliases: boolean; readonly now: () => Date },
) {
  async function find(name: string, where: string, value: string): Promise<StoredCredentials | undefined> {
    const [row] = await database.query<CustomerRow>(name, `select ${columns} from customer where ${where}`, [
      value,
    ])
    if (row === undefined) return undefined
    return {
      customer: toCustomer(row),
      passwordHash: row.password_hash,
      totpSecret: row.totp_secret,
      blocked: row.blocked_at !== null,
    }
  }
  return {
    byNumber: (customerNumber: string) =>
      options.aliases
        ? find('customer-by-number-or-alias', 'customer_number = $1 or alias = lower($1)', customerNumber)
        : find('customer-by-number', 'customer_number = $1', customerNumber),
    byId: (customerId: string) => find('customer-by-id', 'id = $1', customerId),
    countAttempt: (key: Buffer, now: Date) => countAttempt(database, key, now),
    takeBack: async (key: Buffer): Promise<void> => {
      await database.query(
        'attempt-take-back',
        'update sign_in_attempt set failed = greatest(failed - 1, 0), locked_until = null where key = $1',
        [key],
      )
    },
    succeeded: async (key: Buffer): Promise<void> => {
      await database.query('attempt-succeeded', 'delete from sign_in_attempt where key = $1', [key])
    },
    spendTotpStep: async (customerId: string, step: number): Promise<boolean> => {
      const rows = await database.query(
        'totp-step',
        `insert into totp_step (customer_id, step, used_at) values ($1, $2, $3) on conflict do nothing returning step`,
        [customerId, step, options.now()],
      )
      return rows.length === 1
    },
  }
}

async function countAttempt(
  database: Database,
  key: Buffer,
  now: Date,
): Promise<{ allowed: true; triesLeft: number } | { allowed: false; until: Date }> {
  const lockedUntil = new Date(now.getTime() + LOCK_SECONDS * 1000)
  const [counted] = await database.query<{ failed: number }>(
    'count-attempt',
    `insert into sign_in_attempt as a (key, failed, last_at) values ($1, 1, $2)
      on conflict (key) do update set
        failed = case when a.locked_until is null then a.failed + 1 else 1 end,
        locked_until = case when a.locked_until is null and a.failed + 1 >= $3 then $4::timestamptz end,
        last_at = $2
      where a.locked_until is null or a.locked_until <= $2
      returning failed`,
    [key, now, MAX_FAILED_ATTEMPTS, lockedUntil],
  )
  if (counted !== undefined) return { allowed: true, triesLeft: MAX_FAILED_ATTEMPTS - counted.failed }
  const [lock] = await database.query<{ locked_until: Date | null }>(
    'attempt-lock',
    'select locked_until from sign_in_attempt where key = $1',
    [key],
  )
  return { allowed: false, until: lock?.locked_until ?? lockedUntil }
}

export function insertCustomer(
  customer: Customer,
  credentials: { readonly passwordHash: string; readonly totpSecret: string; readonly alias?: string },
  now: Date,
): Write {
  return {
    sql: `insert into customer (id, customer_number, bank_customer_id, name, alias, password_hash, totp_secret, added_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      customer.id,
      customer.customerNumber,
      customer.bankCustomerId,
      customer.name,
      credentials.alias ?? null,
      credentials.passwordHash,
      credentials.totpSecret,
      now,
    ],
  }
}

/** Guarded: the customer exists. Used time-steps need no reset: they belong to the clock, not to the secret. */
export function saveFactor(customerId: string, totpSecret: string): Write {
  return {
    sql: 'update customer set totp_secret = $2 where id = $1',
    values: [customerId, totpSecret],
    guard: 'There is no such customer.',
  }
}

export async function listCustomers(database: Database): Promise<readonly Customer[]> {
  const rows = await database.query<CustomerRow>(
    'customers',
    'select id, customer_number, bank_customer_id, name from customer order by customer_number',
    [],
  )
  return rows.map(toCustomer)
}

/** By customer number, or undefined. */
export async function findCustomerByNumber(
  database: Database,
  number: string,
): Promise<Customer | undefined> {
  const [row] = await database.query<CustomerRow>(
    'customer-plain-by-number',
    'select id, customer_number, bank_customer_id, name from customer where customer_number = $1',
    [number],
  )
  return row && toCustomer(row)
}

export async function findCustomer(database: Database, id: string): Promise<Customer | undefined> {
  const [row] = await database.query<CustomerRow>(
    'customer-plain-by-id',
    'select id, customer_number, bank_customer_id, name from customer where id = $1 and blocked_at is null',
    [id],
  )
  return row && toCustomer(row)
}
