import type { Profile } from '../profile.ts'
import { ACCOUNT_ACCESS, consentRequest, grantedDetails, validateDetail } from './account-access.ts'
import { clusters } from './permissions.ts'
import { disclose, endpoints } from './resources.ts'
import { readStatement } from './software-statement.ts'

/** Plain FAPI 2.0: consents described inline by RFC 9396 `authorization_details`, neutral resource bodies. */
export const fapi2: Profile = {
  name: 'fapi2',
  securityProfiles: ['fapi2'],
  scopes: { accounts: ['AISP'] },
  authorizationDetailsTypes: [ACCOUNT_ACCESS],
  validateDetail,
  consentRequest,
  grantedDetails,
  clusters,
  endpoints,
  disclose,
  readStatement,
}
