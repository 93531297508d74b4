import pg from 'pg'
import type { Database } from './database.ts'

/** The migrations' triggers announce here that a client's facts changed. */
const CHANNEL = 'postern_changed'

/** Listens for changes; after any doubt (a lost connection) everything must be read anew. */
export interface Changes {
  close(): Promise<void>
}

/** Calls `changed(clientId)` soon after a commit anywhere, and `doubt()` whenever announcements may have been missed. */
export function listenForChanges(
  database: Database,
  listeners: { changed(clientId: string): void; doubt(): void },
): Changes {
  let closed = false
  let client: pg.Client | undefined
  let retry: NodeJS.Timeout | undefined

  async function connect(): Promise<void> {
    if (closed) return
    const fresh = new pg.Client({ connectionString: database.settings.url, connectionTimeoutMillis: 2_000 })
    client = fresh
    fresh.on('error', () => undefined)
    fresh.on('end', again)
    fresh.on('notification', ({ payload }) => payload !== undefined && listeners.changed(payload))
    try {
      await fresh.connect()
      await fresh.query(`listen ${CHANNEL}`)
      listeners.doubt()
    } catch {
      await fresh.end().catch(() => undefined)
    }
  }

  function again(): void {
    listeners.doubt()
    if (closed) return
    retry = setTimeout(connect, 250)
    retry.unref()
  }

  void connect()
  return {
    close: async () => {
      closed = true
      clearTimeout(retry)
      await client?.end().catch(() => undefined)
    },
  }
}
