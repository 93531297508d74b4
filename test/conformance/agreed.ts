import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import type { Browser } from '../support/browser.ts'
import { Customer } from '../support/customer.ts'
import { expectStatus } from '../support/expect-answer.ts'
import type { House } from '../support/house.ts'
import type { AskedRequest, CollectedTokens, ThirdParty } from '../support/third-party.ts'

/** A customer has agreed; the code waits at the third party. */
export interface Agreed {
  readonly asked: AskedRequest
  readonly browser: Browser
  readonly callback: string
  readonly code: string
}

/** A customer of their own agrees to everything that was asked, by their own clock where it was moved. */
export async function agreed(house: House, asked: AskedRequest, now = () => new Date()): Promise<Agreed> {
  const browser = house.browser()
  const customer = new Customer((await house.customer()).facts, { now })
  const callback = await customer.authorise(browser, asked.url)
  return { asked, browser, callback, code: new URL(callback).searchParams.get('code') ?? '' }
}

/** The whole way to tokens, for tests of what comes after. */
export async function tokensFor(house: House, party: ThirdParty): Promise<CollectedTokens> {
  const { asked, callback } = await agreed(house, await party.ask(), party.facts.now)
  return party.collect(callback, asked)
}

/** Tokens for identity alone: the customer shares no account, and userinfo is what the token is for. */
export async function identityFor(house: House, party: ThirdParty): Promise<CollectedTokens> {
  const pending = newPendingRequest(party.facts.redirectUri)
  const answer = await party.push({ ...requestParameters(party.clientId, pending, []), scope: 'openid' })
  const requestUri = String(expectStatus(answer, 201).json().request_uri)
  const asked = { ...pending, requestUri, url: party.authorizeUrl(requestUri) }
  const { callback } = await agreed(house, asked, party.facts.now)
  return party.collect(callback, asked)
}
