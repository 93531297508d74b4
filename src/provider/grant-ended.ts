import Provider from 'oidc-provider'
import { type ClosingReason, revoke } from '../domain/consent.ts'
import type { Ledger } from './ports.ts'
import { unitOfWork } from './unit-of-work.ts'

/**
 * The engine wants everything that hangs on a grant ended: its third party revoked the refresh token (RFC 7009), or
 * a code was used twice (RFC 6749 §4.1.2). Made even though the request itself is refused. An inline consent closes
 * with its reason; a staged one stays as it was (DESIGN §7.3). Revoking one access token ends nothing else.
 */
export async function grantEnded(ledger: Ledger, grantId: string, now: Date): Promise<void> {
  const oidc = Provider.ctx?.oidc
  const atRevocation = oidc?.route === 'revocation'
  if (atRevocation && oidc?.entities.RefreshToken === undefined) return
  const reason: ClosingReason = atRevocation ? 'stopped-by-third-party' : 'code-reuse'

  const unit = unitOfWork()
  const consent = (unit.grants.get(grantId) ?? (await ledger.findGrant(grantId)))?.facts.grant?.consent
  unit.changeDespiteRefusal(`grant ${grantId}`, ledger.endGrant(grantId, now))
  if (consent?.state !== 'authorised') return
  const concerned = {
    at: now,
    customerId: consent.customerId,
    clientId: consent.clientId,
    consentId: consent.id,
  }
  if (reason === 'code-reuse')
    unit.tellDespiteRefusal({ ...concerned, type: 'code.reused', actor: 'third-party' })
  if (consent.kind === 'staged' && reason === 'code-reuse') return
  unit.changeDespiteRefusal(`consent ${consent.id}`, ledger.saveRevoked(revoke(consent, reason, now)))
  unit.tellDespiteRefusal({
    ...concerned,
    type: 'consent.revoked',
    actor: reason === 'code-reuse' ? 'postern' : 'third-party',
    facts: { reason },
  })
}
