import { randomUUID } from 'node:crypto'
import { Problem } from '../domain/problem.ts'
import type { Database } from './database.ts'

/** A process not heard of for this long is gone. Milliseconds. */
const GONE_AFTER = 30_000
const EVERY = 10_000

/**
 * Announces this process and refuses to serve beside one that holds other shared secrets: cookies and nonces of the
 * one would be refused by the other. Throws Problem `conflict`.
 */
export async function joinProcesses(
  database: Database,
  self: { readonly role: string; readonly secretsFingerprint: string },
  now: () => Date,
): Promise<{ leave(): Promise<void> }> {
  const id = randomUUID()
  await database.query(
    'process-join',
    'insert into process (id, role, secrets_fingerprint, started_at, seen_at) values ($1, $2, $3, $4, $4)',
    [id, self.role, self.secretsFingerprint, now()],
  )
  const others = await database.query(
    'process-others',
    'select 1 from process where secrets_fingerprint <> $1 and seen_at > $2',
    [self.secretsFingerprint, new Date(now().getTime() - GONE_AFTER)],
  )
  const leave = async (): Promise<void> => {
    clearInterval(timer)
    await database.query('process-leave', 'delete from process where id = $1', [id])
  }
  const timer = setInterval(() => {
    // A beat missed because Postgres is away costs nothing: the next one counts.
    database
      .query('process-beat', 'update process set seen_at = $2 where id = $1', [id, now()])
      .catch(() => undefined)
  }, EVERY)
  timer.unref()
  if (others.length > 0) {
    await leave()
    throw new Problem(
      'conflict',
      'Another running process on this database holds different shared secrets. Give every process the same SECRETS_DIR, or stop the others first.',
    )
  }
  return { leave }
}
