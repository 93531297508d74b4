import type { Browser } from './browser.ts'
import { expectStatus } from './expect-answer.ts'
import type { FormField } from './html-form.ts'
import { textMember } from './json.ts'
import type { Page } from './page.ts'
import { base32, STEP_MS, totp } from './totp.ts'
import type { Transport } from './transport.ts'
import { Unexpected } from './unexpected.ts'

export interface CustomerFacts {
  readonly customerNumber: string
  readonly password: string
  /** Base32, as an authenticator app is given it. */
  readonly totpSecret: string
  readonly name?: string
}

export interface CustomerOptions {
  readonly now?: () => Date
  /** How many codes to try at a sign-in, for a customer whose present code somebody may have used. */
  readonly codeTries?: number
}

/** Which accounts to tick: all, by place on the page (from 0), or by words of their label. */
export type Choice = 'all' | readonly (number | string)[]

/** A customer of the bank with a password and an authenticator app. */
export class Customer {
  readonly facts: CustomerFacts
  readonly #now: () => Date
  readonly #codeTries: number
  #lastStep = 0

  constructor(facts: CustomerFacts, { now = () => new Date(), codeTries = 1 }: CustomerOptions = {}) {
    this.facts = facts
    this.#now = now
    this.#codeTries = codeTries
  }

  /** A customer just made by the demo's desk, with three accounts at the bank. */
  static async fresh(transport: Transport, desk: string): Promise<Customer> {
    const answer = await transport.send({ method: 'POST', url: `${desk.replace(/\/$/, '')}/customers` })
    const body = expectStatus(answer, 201).json()
    const where = "the desk's answer"
    return new Customer({
      customerNumber: textMember(body, 'customerNumber', where),
      password: textMember(body, 'password', where),
      totpSecret: textMember(body, 'totpSecret', where),
      name: textMember(body, 'name', where),
    })
  }

  /**
   * A code not given before: a bank takes each once. The first is of the present step; right after it, of the next
   * one, which a bank that allows for drift takes too; then it waits for the clock.
   */
  async code(): Promise<string> {
    const step = Math.max(this.#step(), this.#lastStep + 1)
    this.#lastStep = step
    const early = (step - 1) * STEP_MS - this.#now().getTime()
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    return totp(base32(this.facts.totpSecret), step)
  }

  /** Signs in from the login page of a journey or of the bank itself, up to the page behind it. */
  async signIn(browser: Browser, page: Page): Promise<Page> {
    const { customerNumber, password } = this.facts
    const second = await browser.submit(
      page.form('login-submit'),
      { login: customerNumber, password },
      'login-submit',
    )
    if (!second.hasForm('code-submit'))
      throw new Unexpected('the page after the password', 'a field for the code', second.described)
    return this.#enterCode(browser, second, this.#codeTries)
  }

  async #enterCode(browser: Browser, page: Page, tries: number): Promise<Page> {
    const next = await browser.submit(page.form('code-submit'), { code: await this.code() }, 'code-submit')
    return tries > 1 && next.hasForm('code-submit') ? this.#enterCode(browser, next, tries - 1) : next
  }

  /** From a third party's authorization URL to the accounts page. */
  async arrive(browser: Browser, authorizeUrl: string): Promise<Page> {
    const page = await this.signIn(browser, await browser.get(authorizeUrl))
    if (!page.hasForm('consent-allow'))
      throw new Unexpected('the page after the code', 'the accounts to choose from', page.described)
    return page
  }

  /** The whole visit: sign in, choose, agree. The callback URL that the browser was sent to. */
  async authorise(
    browser: Browser,
    authorizeUrl: string,
    { accounts = 'all' }: { readonly accounts?: Choice } = {},
  ): Promise<string> {
    return agree(browser, await this.arrive(browser, authorizeUrl), { accounts })
  }

  /** The bank's own list of connected apps, signing in where it asks for that. */
  async openConnections(browser: Browser, issuer: string): Promise<Page> {
    const page = await browser.get(`${issuer.replace(/\/$/, '')}/connections`)
    return page.hasForm('login-submit') ? this.signIn(browser, page) : page
  }

  #step(): number {
    return Math.floor(this.#now().getTime() / STEP_MS)
  }
}

/** Ticks the accounts and agrees. Returns the callback URL. */
export async function agree(
  browser: Browser,
  page: Page,
  { accounts }: { readonly accounts: Choice },
): Promise<string> {
  const boxes = offeredAccounts(page)
  const filling = boxes.length === 0 ? {} : { accounts: chosen(boxes, accounts).map((box) => box.value) }
  return callbackOf(await browser.submit(page.form('consent-allow'), filling, 'consent-allow'))
}

/** Refuses on whatever page of the journey this is. Returns the callback URL. */
export async function refuse(browser: Browser, page: Page): Promise<string> {
  const button = page.hasForm('consent-deny') ? 'consent-deny' : 'cancel'
  return callbackOf(await browser.submit(page.form(button), {}, button))
}

/** The accounts a page offers to tick, in its order. */
export function offeredAccounts(page: Page): readonly FormField[] {
  return page.fields('accounts').filter((field) => field.kind === 'checkbox' && !field.disabled)
}

/** Stops one connection, the first of the list unless named: its link, then its button, then the question's. */
export async function stopConnection(browser: Browser, list: Page, consentId?: string): Promise<Page> {
  const href = list.links
    .map((link) => link.href)
    .find((link) => /\/connections\/[^/?#]+$/.test(link) && (!consentId || link.endsWith(`/${consentId}`)))
  if (href === undefined) throw new Unexpected('connected apps', 'a connection to stop', list.described)
  const details = await browser.follow(list, href)
  const question = await browser.follow(details, `${href}/stop`)
  return browser.submit(question.form('stop-submit'), {}, 'stop-submit')
}

function chosen(boxes: readonly FormField[], choice: Choice): readonly FormField[] {
  if (choice === 'all') return boxes
  return choice.map((wanted) => {
    const box = typeof wanted === 'number' ? boxes[wanted] : boxes.find(({ label }) => label.includes(wanted))
    if (box === undefined)
      throw new Unexpected('the accounts page', `account ${wanted}`, boxes.map((one) => one.label).join(', '))
    return box
  })
}

function callbackOf(page: Page): string {
  if (page.callback === undefined)
    throw new Unexpected('after the decision', 'a redirect to the third party', page.described)
  return page.callback
}
