import { randomUUID } from 'node:crypto'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** FAPI: the client's x-fapi-interaction-id when it is a UUID, else a new one (threats E19). */
export function interactionIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === 'string' && uuid.test(header) ? header : randomUUID()
}
