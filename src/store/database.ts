import knex, { type Knex } from 'knex'
import type { Client as PgClient } from 'pg'
import { Problem } from '../domain/problem.ts'

/** Where Postgres is, and how patient we are with it. */
export interface DatabaseSettings {
  readonly url: string
  /** Connections at most; each process has its own pool. */
  readonly poolSize: number
  /** How long a request may wait for a connection before it is told to come back, in milliseconds. */
  readonly acquireTimeoutMs: number
  /** Any statement slower than this is ended by Postgres, in milliseconds. */
  readonly statementTimeoutMs: number
}

/** The one pool of this process. Throws Problem `unavailable` whenever Postgres does not answer in time. */
export interface Database {
  readonly settings: DatabaseSettings
  /** For lists and filters; hot paths use {@link query}. */
  readonly knex: Knex
  /** One prepared statement in one round trip. `name` stands for `text`, always the same one. */
  query<Row>(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]>
  /** Several statements that stand or fall together. Inside, only the transaction is used. */
  transaction<Result>(work: (transaction: Knex.Transaction) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

export function openDatabase(settings: DatabaseSettings): Database {
  const pool = knex({
    client: 'pg',
    connection: {
      connectionString: settings.url,
      statement_timeout: settings.statementTimeoutMs,
      // Postgres ends slow statements itself; where it does not even say so, we stop waiting a moment later.
      query_timeout: settings.statementTimeoutMs + 500,
      keepAlive: true,
      idle_in_transaction_session_timeout: 10_000,
      connectionTimeoutMillis: 2_000,
      application_name: 'postern',
    },
    pool: { min: 0, max: settings.poolSize },
    acquireConnectionTimeout: settings.acquireTimeoutMs,
    log: { debug: unsaid, warn: unsaid, error: unsaid, deprecate: unsaid },
  })
  return {
    settings,
    knex: pool,
    query: (name, text, values) => answering(() => preparedQuery(pool, name, text, values)),
    transaction: (work) => answering(() => pool.transaction(work)),
    close: () => pool.destroy(),
  }
}

/** knex would print stacks on standard output, among answers and log lines; what it says comes as an error as well. */
function unsaid(): void {}

async function preparedQuery<Row>(
  pool: Knex,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<readonly Row[]> {
  // knex builds SQL anew for every call and cannot name a statement; its pool can be used without its builder.
  const connection = (await pool.client.acquireConnection()) as PgClient
  try {
    const result = await connection.query({ name, text, values: [...values] })
    return result.rows as readonly Row[]
  } catch (error) {
    if (!hasAnswered(error)) discard(connection)
    throw error
  } finally {
    pool.client.releaseConnection(connection)
  }
}

/** Whether Postgres itself said what was wrong (an SQLSTATE); otherwise nobody knows what the connection is doing. */
function hasAnswered(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
}

/** A connection that fell silent still has the statement under way: it is cut, and the pool told not to lend it again. */
function discard(connection: PgClient): void {
  // `__knex__disposed` is how knex itself marks a connection whose socket failed; the stream is pg's own.
  const inside = connection as unknown as {
    __knex__disposed?: unknown
    connection: { stream: { destroy(): void } }
  }
  inside.__knex__disposed = true
  inside.connection.stream.destroy()
}

/** Runs database work and says in our words when Postgres is away, slow or shutting down. */
export async function answering<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (isAway(error)) throw new Problem('unavailable', 'The database did not answer.', { cause: error })
    throw error
  }
}

// PostgreSQL appendix A: 08 connection, 53 resources (disk full, too many connections), 57 operator intervention
// (shutdown, statement timeout), 58 system error, 25006 read-only after a failover, XX a Postgres that is going down.
const awayStates = /^(08|53|57|58|XX)|^25006$/
const awayCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
])

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code === 'string') return awayStates.test(code) || awayCodes.has(code)
  return (
    error.name === 'KnexTimeoutError' ||
    error.name === 'AggregateError' ||
    /Connection terminated|Query read timeout|timeout expired|not queryable|Unable to acquire a connection/.test(
      error.message,
    )
  )
}
