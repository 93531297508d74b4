import type { Command } from 'commander'
import { Problem } from '../domain/problem.ts'
import { endConsent } from '../store/connections.ts'
import { findConsent } from '../store/consents.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { type Registers, withRegisters } from './registers.ts'

/** `postern consents …`: what only the bank may do to a consent. */
export function addConsents(program: Command, shell: Shell): void {
  const group = program
    .command('consents')
    .summary('stop a consent for the bank')
    .description('Consents, seen from the bank.')
  const revoke = group
    .command('revoke <id>')
    .description('End a consent and all its tokens, for a reason of the bank. Effective within a second.')
    .option('--reason <words>', 'why, for the audit trail: no names of people')
  const example = 'consents revoke 0b0f3f5e-4f0e-4d8e-9b42-60a1d1a3c0de'
  answering(revoke, shell, [example, `${example} --reason "fraud case 4711"`], ([id = '']) => {
    const { reason } = revoke.opts<{ readonly reason?: string }>()
    return withRegisters(shell, (registers) => revokeConsent(registers, id, reason))
  })
}

async function revokeConsent(
  { database, audit, now }: Registers,
  id: string,
  reason: string | undefined,
): Promise<Answer> {
  const wellFormed = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
  const consent = wellFormed ? await findConsent(database, id) : undefined
  if (consent === undefined) throw new Problem('not-found', 'There is no consent with this id.')
  if (consent.state !== 'authorised')
    throw new Problem('wrong-state', `The consent is ${consent.state}: there is nothing to end.`)
  const facts = reason ? { facts: { said: reason.slice(0, 200) } } : {}
  await endConsent(
    database,
    audit,
    consent,
    { reason: 'stopped-by-bank', actor: 'operator', ...facts },
    now(),
  )
  return { lines: ['The consent is ended.'], json: { consent_id: id, state: 'revoked' } }
}
