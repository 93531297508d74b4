import type Provider from 'oidc-provider'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { type AuthorisedConsent, authorise, reject } from '../domain/consent.ts'
import { Problem } from '../domain/problem.ts'
import type { Profile } from '../profiles/profile.ts'
import type { Ledger, StoredInteraction } from './ports.ts'
import { unitOfWork } from './unit-of-work.ts'

// The decision is recorded when the form is posted; here, when the browser is on its way back, it takes effect:
// grant, consent, code and audit row in one commit (DESIGN §7.3).

/** The customer refused: their consent is closed with the same commit that ends the interaction. */
export async function refusalTakesEffect(
  ledger: Ledger,
  stored: StoredInteraction,
  now: Date,
): Promise<void> {
  const consent = stored.consentId === undefined ? undefined : await ledger.findConsent(stored.consentId)
  if (consent?.state !== 'awaiting') return
  const customer = stored.customerId === undefined ? {} : { customerId: stored.customerId }
  const rejected = reject(consent, { ...customer, reason: 'refused-by-customer' }, now)
  const unit = unitOfWork()
  unit.change(`consent ${consent.id}`, ledger.saveRejected(rejected))
  unit.tell({
    type: 'consent.rejected',
    actor: 'customer',
    at: now,
    clientId: consent.clientId,
    consentId: consent.id,
    ...customer,
  })
}

/** What was asked may have expired while the customer decided: the third party is told, nothing is granted. */
function authorisedOr(work: () => AuthorisedConsent): AuthorisedConsent {
  try {
    return work()
  } catch (error) {
    if (error instanceof Problem && error.code === 'wrong-state')
      throw new errors.AccessDenied('the consent that was asked for can no longer be given')
    throw error
  }
}

/**
 * The engine's `loadExistingGrant`: the grant that this interaction's own decision makes, and never one that the
 * browser's session or an earlier consent may have had.
 */
export async function agreementTakesEffect(
  ctx: KoaContextWithOIDC,
  parts: { readonly ledger: Ledger; readonly profile: Profile; readonly now: Date },
): Promise<InstanceType<Provider['Grant']> | undefined> {
  const { ledger, profile, now } = parts
  const unit = unitOfWork()
  const stored = unit.interaction?.stored
  if (stored?.decision?.kind !== 'agreed' || !stored.customerId || !stored.consentId) return undefined
  const asked = await ledger.findConsent(stored.consentId)
  if (asked === undefined) return undefined
  // The same browser's other way back was first, by a moment: it took the code.
  if (asked.state === 'authorised') throw new Problem('spent', 'The consent was decided already.')
  const { accounts } = stored.decision
  const agreement = { customerId: stored.customerId, accounts, grantId: asked.id }
  const consent = authorisedOr(() => authorise(asked, agreement, now))

  // `expiresIn` is how the engine's Grant learns its lifetime; save(ttl) ignores its argument.
  const seconds = Math.floor((consent.terms.expiresAt.getTime() - now.getTime()) / 1000)
  const properties = {
    clientId: consent.clientId,
    accountId: consent.customerId,
    expiresIn: Math.max(1, seconds),
  }
  const grant = new ctx.oidc.provider.Grant(properties)
  // One consent, one grant, one name: what hangs on the grant is found by the consent's id.
  grant.jti = consent.id
  grant.addOIDCScope('openid')
  for (const resource of Object.keys(ctx.oidc.resourceServers ?? {})) {
    grant.addResourceScope(resource, Object.keys(profile.scopes).join(' '))
  }
  const accountIds = accounts.map(({ accountId }) => accountId)
  for (const detail of profile.grantedDetails(consent.terms, accountIds)) {
    grant.addRar(detail as unknown as Parameters<typeof grant.addRar>[0])
  }
  await grant.save()

  unit.change(`consent ${consent.id}`, ledger.saveAuthorised(consent))
  unit.tell({
    type: 'consent.authorised',
    actor: 'customer',
    at: now,
    customerId: consent.customerId,
    clientId: consent.clientId,
    consentId: consent.id,
    facts: { permissions: consent.terms.permissions, accounts: accounts.length },
  })
  return grant
}
