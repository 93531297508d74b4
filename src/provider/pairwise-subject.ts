import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'

/** What the engine makes of an account for an ID token or for userinfo; it is not in the engine's types. */
interface EngineClaims {
  readonly ctx: KoaContextWithOIDC
  result(): Promise<Readonly<Record<string, unknown>>>
}

/**
 * The engine writes its own account id over the `sub` that an account gives (helpers/account_claims.js), which would
 * tell every third party the bank's internal customer id, the same to all of them. Here the subject of
 * {@link withSubject} stands in its place (OpenID Connect Core §8.1); its own `pairwise` wants one host for all
 * redirect URIs of a client, which directories do not.
 */
export function tellSubjects(engine: Provider): void {
  const { Claims } = engine as unknown as { readonly Claims: { readonly prototype: EngineClaims } }
  const own = Claims.prototype.result
  Claims.prototype.result = async function told(this: EngineClaims) {
    const claims = await own.call(this)
    return 'sub' in claims ? { ...claims, sub: subjectOf(this.ctx.oidc.account) } : claims
  }
}

/** The engine's account for a customer whom the third party at hand knows by this subject. */
export function withSubject(customerId: string, subject: string) {
  return { accountId: customerId, subject, claims: async () => ({ sub: subject }) }
}

function subjectOf(account: object | undefined): string {
  if (account === undefined || !('subject' in account) || typeof account.subject !== 'string')
    throw new Error('claims were asked for an account without a subject')
  return account.subject
}
