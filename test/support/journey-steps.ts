import { everythingReadable } from './authorization-request.ts'
import { Browser } from './browser.ts'
import { agree, Customer, offeredAccounts, stopConnection } from './customer.ts'
import { expectRefusal, expectStatus } from './expect-answer.ts'
import type { JourneyOptions } from './journey-options.ts'
import { type JsonObject, objectsMember, textMember } from './json.ts'
import { makeKeyPair } from './jws.ts'
import { type Narrator, shortened } from './narrator.ts'
import type { Page } from './page.ts'
import { askStatement } from './registration.ts'
import { discover } from './server-metadata.ts'
import { type AskedRequest, type CollectedTokens, ThirdParty } from './third-party.ts'
import type { Transport } from './transport.ts'
import { Unexpected } from './unexpected.ts'

const NAME = 'Acme Budget'
const REDIRECT_URI = 'https://acme-budget.test/callback'

/** What every step may use. */
interface Walk {
  readonly options: JourneyOptions
  readonly transport: Transport
  readonly narrator: Narrator
}

/** Walks the whole job, from discovery to the refusal after the customer's stop. Throws at the first wrong answer. */
export async function walkJourney(
  options: JourneyOptions,
  transport: Transport,
  narrator: Narrator,
): Promise<void> {
  const walk = { options, transport, narrator }
  const party = await register(walk)
  const customer = await findCustomer(walk)
  const browser = new Browser({ transport, leavesTo: [REDIRECT_URI] })
  const { tokens, outside } = await connect(walk, party, customer, browser)
  await readData(walk, party, tokens, outside)
  const renewed = await refresh(walk, party, tokens)
  await stop(walk, customer, browser)
  await beRefused(walk, party, renewed.accessToken, renewed.refreshToken)
}

async function register({ options, transport, narrator }: Walk): Promise<ThirdParty> {
  const { issuer, directory, gateway, variant, alg } = options
  const server = await narrator.step(
    'The third party reads what the bank says about itself',
    () => discover(transport, issuer),
    (metadata) => ({ issuer: metadata.issuer, token_endpoint: metadata.endpoint('token_endpoint') }),
  )
  const key = await makeKeyPair(alg)
  const software = { name: NAME, redirectUris: [REDIRECT_URI], roles: ['AISP'], keys: [key] } as const
  const statement = await narrator.step(
    'The directory vouches for its software',
    () => askStatement(transport, directory, software),
    (jwt) => ({ software_statement: shortened(jwt) }),
  )
  const redirectUris = [REDIRECT_URI] as const
  return narrator.step(
    'It registers with that statement (RFC 7591)',
    () =>
      ThirdParty.register({
        transport,
        issuer,
        server,
        directory,
        gateway,
        variant,
        statement,
        key,
        redirectUris,
      }),
    (party) => ({ client_id: party.clientId, variant }),
  )
}

async function findCustomer({ options, transport, narrator }: Walk): Promise<Customer> {
  const { customer, customers } = options
  if (customer !== undefined) return new Customer(customer, { codeTries: 3 })
  if (customers === undefined) throw new TypeError('neither a customer nor a desk to ask for one')
  return narrator.step(
    'The desk opens a customer for this run',
    () => Customer.fresh(transport, customers),
    ({ facts }) => ({ 'customer number': facts.customerNumber, name: facts.name ?? '' }),
  )
}

interface Connected {
  readonly tokens: CollectedTokens
  /** An account of the customer that was not chosen. */
  readonly outside: string
}

async function connect(
  { narrator }: Walk,
  party: ThirdParty,
  customer: Customer,
  browser: Browser,
): Promise<Connected> {
  const asked = await narrator.step(
    'It pushes an authorization request (PAR, PKCE, authorization_details)',
    () => party.ask([everythingReadable]),
    ({ requestUri }) => ({ request_uri: shortened(requestUri) }),
  )
  const { page, chosen, outside } = await narrator.step(
    'The customer signs in with password and code',
    () => arriveAtAccounts(browser, customer, asked),
    ({ offered }) => ({ 'accounts offered': offered.join(' | ') }),
  )
  const callback = await narrator.step(
    'The customer shares the first two accounts',
    () => agree(browser, page, { accounts: [0, 1] }),
    (url) => ({ 'sent back to': url.split('?')[0] ?? '', iss: new URL(url).searchParams.get('iss') ?? '' }),
  )
  const tokens = await narrator.step(
    'It checks iss and state, exchanges the code and verifies the id_token',
    async () => {
      const collected = await party.collect(callback, asked)
      mustBe('accounts of the granted authorization_details', chosen, grantedAccounts(collected))
      return collected
    },
    (collected) => ({
      token_type: collected.tokenType,
      access_token: shortened(collected.accessToken),
      expires_in: collected.expiresIn,
      'sub of the id_token': collected.subject,
      'accounts granted': grantedAccounts(collected).length,
    }),
  )
  return { tokens, outside }
}

async function arriveAtAccounts(
  browser: Browser,
  customer: Customer,
  asked: AskedRequest,
): Promise<{ page: Page; offered: readonly string[]; chosen: readonly string[]; outside: string }> {
  const page = await customer.arrive(browser, asked.url)
  if (!page.text.includes(NAME)) throw new Unexpected('the accounts page', `the name ${NAME}`, page.described)
  const boxes = offeredAccounts(page)
  const [first, second, third] = boxes
  if (first === undefined || second === undefined || third === undefined)
    throw new Unexpected('the accounts page', 'three accounts to choose from', String(boxes.length))
  if (boxes.some((box) => box.checked))
    throw new Unexpected('the accounts page', 'nothing ticked beforehand', 'a ticked account')
  return {
    page,
    offered: boxes.map((box) => box.label || shortened(box.value)),
    chosen: [first.value, second.value],
    outside: third.value,
  }
}

async function readData(
  { narrator }: Walk,
  party: ThirdParty,
  { accessToken, authorizationDetails }: CollectedTokens,
  outside: string,
): Promise<void> {
  const granted = grantedAccounts({ authorizationDetails })
  const accounts = await narrator.step(
    'It reads the accounts: exactly those two',
    async () => {
      const list = objectsMember(await party.read('/accounts', accessToken), 'accounts', 'GET /accounts')
      mustBe('GET /accounts', granted, list.map(accountId))
      return list
    },
    (list) => ({ accounts: list.map((account) => `${account.nickname} (${account.currency})`).join(' | ') }),
  )
  const [first] = accounts
  if (first === undefined) throw new Unexpected('GET /accounts', 'an account', 'none')
  const path = `/accounts/${accountId(first)}`
  await narrator.step(
    'Its balances',
    async () => rowsOf(party, `${path}/balances`, 'balances', accessToken),
    ([balance]) => ({ [String(balance?.type)]: `${balance?.amount} ${balance?.currency}` }),
  )
  await narrator.step(
    'Its transactions',
    async () => rowsOf(party, `${path}/transactions`, 'transactions', accessToken),
    (rows) => ({ rows: rows.length, newest: `${rows[0]?.bookedAt} ${rows[0]?.amount}` }),
  )
  await narrator.step('An account that was not shared is refused, like one that does not exist', async () => {
    const foreign = await party.resource(`/accounts/${outside}/balances`, accessToken)
    const unknown = await party.resource('/accounts/AAAAAAAAAAAAAAAAAAAAAA/balances', accessToken)
    if (expectStatus(foreign, 403).body !== expectStatus(unknown, 403).body)
      throw new Unexpected(
        'the refusal of an account not shared',
        'the words for an unknown one',
        foreign.body,
      )
  })
}

async function rowsOf(
  party: ThirdParty,
  path: string,
  member: string,
  accessToken: string,
): Promise<readonly JsonObject[]> {
  const rows = objectsMember(await party.read(path, accessToken), member, `GET ${path}`)
  if (rows.length === 0) throw new Unexpected(`GET ${path}`, `some ${member}`, 'none')
  return rows
}

async function refresh(
  { narrator }: Walk,
  party: ThirdParty,
  tokens: CollectedTokens,
): Promise<{ readonly accessToken: string; readonly refreshToken: string }> {
  const { refreshToken } = tokens
  if (refreshToken === undefined) throw new Unexpected('the token response', 'a refresh_token', 'none')
  const { accessToken } = await narrator.step(
    'The refresh token works, and works again: it is not rotated',
    async () => {
      const first = await party.renew(refreshToken)
      const second = await party.renew(refreshToken)
      await party.read('/accounts', first.accessToken)
      await party.read('/accounts', second.accessToken)
      return second
    },
    (renewed) => ({ access_token: shortened(renewed.accessToken), expires_in: renewed.expiresIn }),
  )
  return { accessToken, refreshToken }
}

async function stop({ options, narrator }: Walk, customer: Customer, browser: Browser): Promise<void> {
  const list = await narrator.step('The customer opens connected apps and finds it there', async () => {
    const page = await customer.openConnections(browser, options.issuer)
    if (!page.text.includes(NAME)) throw new Unexpected('connected apps', `the name ${NAME}`, page.described)
    return page
  })
  await narrator.step(
    'The customer stops it',
    async () => {
      const page = await stopConnection(browser, list)
      if (page.status !== 200) throw new Unexpected('after the stop', 'a page that says so', page.described)
      return page
    },
    (page) => ({ 'the page says': page.title }),
  )
}

async function beRefused(
  { narrator }: Walk,
  party: ThirdParty,
  accessToken: string,
  refreshToken: string,
): Promise<void> {
  await narrator.step('From then on the data is refused', async () => {
    expectRefusal(await party.resource('/accounts', accessToken), 401, 'invalid_token')
  })
  await narrator.step('… and so is the refresh token', async () => {
    expectRefusal(await party.refresh(refreshToken), 400, 'invalid_grant')
  })
}

function grantedAccounts({
  authorizationDetails,
}: Pick<CollectedTokens, 'authorizationDetails'>): readonly string[] {
  const [detail] = authorizationDetails
  const accounts = detail?.accounts
  return Array.isArray(accounts) ? accounts.map(String) : []
}

function accountId(account: JsonObject): string {
  return textMember(account, 'accountId', 'GET /accounts')
}

function mustBe(where: string, expected: readonly string[], received: readonly string[]): void {
  const [wanted, got] = [expected, received].map((ids) => [...ids].sort().map(shortened).join(', '))
  if ([...expected].sort().join() === [...received].sort().join()) return
  throw new Unexpected(where, wanted || 'none', got || 'none')
}
