import { isUnavailable, Problem } from '../domain/problem.ts'
import type { BankQuery } from '../profiles/profile.ts'
import type { Admitted } from './admitter.ts'
import type { CoreBankAnswer } from './core-bank.ts'
import type { Gate } from './gate.ts'
import { Refusal } from './refusal.ts'
import { clientLeft, type Visit } from './visit.ts'

/**
 * Asks for the consent's own customer, for as long as the client waits and the bank has time. Undefined: the bank
 * does not know customer or account. Throws {@link Refusal}: 504 when the bank is slow, 502 when it fails.
 */
export async function askBank(
  gate: Gate,
  visit: Visit,
  { consent }: Admitted,
  query: BankQuery,
): Promise<CoreBankAnswer | undefined> {
  const late = AbortSignal.timeout(gate.bankTimeout ?? 8000)
  const signal = AbortSignal.any([late, visit.left])
  const asking = { bankCustomerId: consent.bankCustomerId, interactionId: visit.interactionId, signal }
  try {
    return await gate.bank.answer(query, asking)
  } catch (error) {
    if (error instanceof Problem && error.code === 'not-found') return undefined
    if (visit.left.aborted) throw clientLeft()
    if (late.aborted)
      throw new Refusal(504, 'temporarily_unavailable', "The bank's systems did not answer in time.")
    if (isUnavailable(error))
      throw new Refusal(502, 'temporarily_unavailable', "The bank's systems gave no usable answer.")
    throw error
  }
}
