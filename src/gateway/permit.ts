import type { ConsentAccount } from '../domain/consent.ts'
import type { AdmittedConsent } from './admitter.ts'
import { Refusal } from './refusal.ts'
import type { Route } from './route.ts'

/** Throws {@link Refusal} 403 unless the consent holds one of the permissions that open the endpoint. */
export function requirePermission({ endpoint }: Route, consent: AdmittedConsent): void {
  if (!endpoint.permissions.some((permission) => consent.permissions.includes(permission)))
    throw new Refusal(
      403,
      'insufficient_scope',
      `The consent holds none of ${endpoint.permissions.join(', ')}.`,
      { challenge: 'error' },
    )
}

/** The account of the consent that the client means. Throws {@link unknownAccount}. */
export function requireAccount(accountId: string | undefined, consent: AdmittedConsent): ConsentAccount {
  const account = consent.accounts.find((candidate) => candidate.accountId === accountId)
  if (account === undefined) throw unknownAccount()
  return account
}

/** One answer for an account that is nobody's, somebody else's, not chosen, or gone (threats E11). */
export function unknownAccount(): Refusal {
  return new Refusal(403, 'insufficient_scope', 'The consent does not cover this account.', {
    challenge: 'error',
  })
}
