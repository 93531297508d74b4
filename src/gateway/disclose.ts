import type { Json } from '../domain/third-party.ts'
import type { Admitted } from './admitter.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import type { Visit } from './visit.ts'

/** Writes the audit row and asks again whether the token is good, before the first byte leaves (threats E16). */
export async function disclose(
  gate: Gate,
  visit: Visit,
  { ticket, clientId, consent }: Admitted,
  accountIds: readonly string[],
  body: Json,
): Promise<void> {
  const { endpoint, interactionId } = visit
  const disclosure = { ticket, clientId, consentId: consent.id, endpoint, interactionId, accountIds }
  if (!(await gate.admitter.disclosed({ ...disclosure, rows: rowsOf(body) })))
    throw new Refusal(401, 'invalid_token', 'The access token is not active.', { challenge: 'error' })
}

/** The length of the first array in the body, at most two members deep; a body without one is one row. */
function rowsOf(body: Json, depth = 2): number {
  if (Array.isArray(body)) return body.length
  if (body === null || typeof body !== 'object' || depth === 0) return 1
  const [first] = Object.values(body)
  return first === undefined ? 0 : rowsOf(first, depth - 1)
}
