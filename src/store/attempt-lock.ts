import type { Write } from './writes.ts'

/** Forgets failed sign-ins under this key, and so lifts the lock; nothing to forget is no fault. */
export function liftLock(key: Buffer): Write {
  return { sql: 'delete from sign_in_attempt where key = $1', values: [key] }
}
