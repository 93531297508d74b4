import { type AuditTrail, openAuditTrail } from '../store/audit.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { explained, findInstallation, type Installation } from './installation.ts'
import type { Surroundings } from './surroundings.ts'

/** The books that operators read and write, and nothing else of the house: no listener, no keys. */
export interface Registers {
  readonly installation: Installation
  readonly database: Database
  readonly audit: AuditTrail
  readonly now: () => Date
}

/** Operators can wait longer than customers. Milliseconds. */
const ACQUIRE_MS = 5_000
const STATEMENT_MS = 30_000

/** Opens the registers for one piece of work and closes them after it, whatever came of it. */
export async function withRegisters<Result>(
  surroundings: Surroundings,
  work: (registers: Registers) => Promise<Result>,
): Promise<Result> {
  const installation = findInstallation(surroundings)
  const database = openDatabase({
    url: installation.databaseUrl,
    poolSize: 2,
    acquireTimeoutMs: ACQUIRE_MS,
    statementTimeoutMs: STATEMENT_MS,
  })
  try {
    const audit = await openAuditTrail(database)
    return await work({ installation, database, audit, now: surroundings.now })
  } catch (error) {
    throw explained(error, installation)
  } finally {
    await database.close()
  }
}
