import { type Parameters, readCallback } from '../support/authorization-request.ts'
import type { Browser } from '../support/browser.ts'
import { type Choice, Customer } from '../support/customer.ts'
import type { House } from '../support/house.ts'
import type { AskedRequest, CollectedTokens, ThirdParty } from '../support/third-party.ts'

/** A customer who has just agreed: the third party holds a code and has not exchanged it. */
export interface JustAgreed {
  readonly asked: AskedRequest
  readonly code: string
  readonly customer: Customer
  readonly browser: Browser
}

export interface AgreeOptions {
  readonly accounts?: Choice
  readonly customer?: Customer
  readonly browser?: Browser
  /** Laid over the pushed request. */
  readonly parameters?: Parameters
}

/** A consent of a customer nobody has used, up to the code. */
export async function justAgreed(
  house: House,
  party: ThirdParty,
  options: AgreeOptions = {},
): Promise<JustAgreed> {
  const { browser = house.browser(), accounts = 'all' } = options
  const facts = (options.customer ?? (await house.customer())).facts
  // Authenticator app and bank follow the same clock, also where a test has moved it.
  const customer = options.customer ?? new Customer(facts, { now: party.facts.now })
  const { parameters } = options
  const asked = await party.ask(undefined, { ...(parameters && { parameters }) })
  const callback = await customer.authorise(browser, asked.url, { accounts })
  return { asked, customer, browser, code: readCallback(callback, asked, house.issuer) }
}

/** The same, up to the tokens. */
export async function sharedAccounts(
  house: House,
  party: ThirdParty,
  options: AgreeOptions = {},
): Promise<CollectedTokens & JustAgreed> {
  const agreed = await justAgreed(house, party, options)
  const answer = await party.exchange(agreed.code, agreed.asked)
  return { ...agreed, ...(await party.accept(answer, agreed.asked)) }
}
