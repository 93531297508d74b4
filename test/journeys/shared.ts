import type { Browser } from '../support/browser.ts'
import { agree, type Choice, type Customer } from '../support/customer.ts'
import type { House } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import type { AskedRequest, CollectedTokens, ThirdParty } from '../support/third-party.ts'

/** What a customer agreed to, and what the third party got for it. */
export interface Shared extends CollectedTokens {
  readonly asked: AskedRequest
  readonly consentId: string
  readonly customer: Customer
  readonly browser: Browser
}

interface ShareOptions {
  readonly customer?: Customer
  readonly browser?: Browser
  readonly accounts?: Choice
  readonly details?: readonly JsonObject[]
}

/** The honest journey from the pushed request to the tokens. */
export async function share(house: House, party: ThirdParty, options: ShareOptions = {}): Promise<Shared> {
  const { customer = await house.customer(), browser = house.browser(), accounts = 'all' } = options
  const asked = await party.ask(options.details)
  const page = await customer.arrive(browser, asked.url)
  const consentId = await newestConsent(house, party)
  const tokens = await party.collect(await agree(browser, page, { accounts }), asked)
  return { ...tokens, asked, consentId, customer, browser }
}

/** The consent that this third party asked for last. */
export async function newestConsent(house: House, party: ThirdParty): Promise<string> {
  const rows = await house.sql<{ id: string }>(
    'select id from consent where client_id = $1 order by created_at desc limit 1',
    [party.clientId],
  )
  return rows[0]?.id ?? ''
}

export interface ConsentState {
  readonly state: string
  readonly reason: string | null
}

export async function consentState(house: House, id: string): Promise<ConsentState | undefined> {
  const rows = await house.sql<{ state: string; reason: string | null }>(
    'select state, reason from consent where id = $1',
    [id],
  )
  return rows[0]
}

/** The types of the audit rows of a consent, oldest first. */
export async function auditOf(house: House, consentId: string): Promise<readonly string[]> {
  const rows = await house.sql<{ type: string }>(
    'select type from audit_event where consent_id = $1 order by id',
    [consentId],
  )
  return rows.map(({ type }) => type)
}

/** The accounts of an answer of the gateway, by what the customer calls them. */
export function nicknames(body: JsonObject): readonly string[] {
  return listOf(body, 'accounts').map(({ nickname }) => String(nickname))
}

/** The objects of a list in an answer of the gateway. */
export function listOf(body: JsonObject, name: string): readonly JsonObject[] {
  // What is no list of objects fails at its first use.
  return body[name] as readonly JsonObject[]
}
