import type { Purpose } from './step.ts'

/** The bank's endpoints by name, as far as they are known yet. */
export interface KnownPlaces {
  readonly directory: string
  readonly gateway: string
  readonly endpoints: Readonly<Record<string, unknown>>
}

/** What a request is for, told from where it goes and what it carries. */
export function purposeOf(url: string, body: string, places: KnownPlaces): Purpose {
  if (url.startsWith(`${places.directory}/`)) return purposes.statement
  if (url.startsWith(`${places.gateway}/`)) return resourcePurpose(new URL(url).pathname)
  if (body.includes('"software_statement"')) return purposes.registration
  switch (url) {
    case places.endpoints.pushed_authorization_request_endpoint:
      return purposes.push
    case places.endpoints.token_endpoint:
      return body.includes('grant_type=refresh_token') ? purposes.refresh : purposes.exchange
    case places.endpoints.revocation_endpoint:
      return purposes.revocation
    case places.endpoints.jwks_uri:
      return purposes.keys
    default:
      return purposes.discovery
  }
}

function resourcePurpose(path: string): Purpose {
  if (path.endsWith('/balances')) return { title: 'Reads the balances', rule: purposes.accounts.rule }
  if (path.endsWith('/transactions')) return { title: 'Reads the transactions', rule: purposes.accounts.rule }
  return purposes.accounts
}

export const purposes = {
  discovery: { title: 'Asks what the bank offers', rule: 'OpenID Connect Discovery' },
  statement: {
    title: 'Asks the directory to vouch for it',
    rule: 'RFC 7591 §2.3: a signed statement says who the software is and which keys it has',
  },
  registration: { title: 'Registers with the bank', rule: 'RFC 7591: the bank believes the statement only' },
  push: {
    title: 'Hands the request to the bank',
    rule: 'RFC 9126: pushed directly, so that no browser can change it; RFC 9396: what is asked for',
  },
  toBank: {
    title: 'Sends the browser to the bank',
    rule: 'RFC 9126 §4: the browser carries a reference and nothing else',
  },
  fromBank: {
    title: 'Gets the browser back',
    rule: 'RFC 9207: iss says which bank answered; state belongs to this browser',
  },
  exchange: {
    title: 'Exchanges the code for tokens',
    rule: 'RFC 7636: the verifier proves who asked; RFC 9449: the tokens are bound to a key',
  },
  keys: {
    title: "Fetches the bank's keys",
    rule: 'OpenID Connect Core §3.1.3.7: checks who signed the ID token',
  },
  accounts: {
    title: 'Reads the accounts',
    rule: 'RFC 9449 §7: the token is good only with a proof signed for this one request',
  },
  refresh: { title: 'Gets a new access token', rule: 'RFC 6749 §6' },
  revocation: { title: 'Gives its tokens back', rule: 'RFC 7009' },
} as const satisfies Record<string, Purpose>
