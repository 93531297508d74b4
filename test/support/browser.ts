import { CookieJar } from './cookie-jar.ts'
import { type Filling, filledForm } from './filled-form.ts'
import { Page, type PageForm } from './page.ts'
import {
  formMayGo,
  further,
  isTrustworthy,
  originFor,
  type Relation,
  refererFor,
  referrerPolicy,
  relation,
} from './site.ts'
import type { Answer, HeaderLines, Transport } from './transport.ts'
import { Unexpected } from './unexpected.ts'

export interface BrowserOptions {
  readonly transport: Transport
  /** Where the browser stops instead of following: the third parties' redirect URIs. */
  readonly leavesTo?: readonly string[]
  readonly now?: () => Date
}

/** What a navigation may do differently from an honest one. */
export interface NavigationOptions {
  /** Laid over what the browser sends; `undefined` leaves a header out. First request only. */
  readonly headers?: HeaderLines
  /** Base URL of the process to connect to, at every step. */
  readonly via?: string
  /** The page whose link or form this is; undefined: typed. */
  readonly from?: Page
  /** `false` shows the first answer even when it is a redirect, to be followed by hand or many times at once. */
  readonly follow?: boolean
}

export interface SubmitOptions extends Omit<NavigationOptions, 'from'> {
  /** Changes the body after it was filled in honestly. */
  readonly tamper?: (body: URLSearchParams) => void
}

interface Navigation extends NavigationOptions {
  readonly url: URL
  readonly method: string
  readonly body?: string
  /** True from a form post on: `form-action` applies to its redirects too. */
  readonly ofForm: boolean
}

const STEPS = 20

/** A browser without a screen: cookies, redirects, forms, and the headers that Chromium would send. */
export class Browser {
  readonly jar: CookieJar
  readonly #transport: Transport
  readonly #leavesTo: readonly URL[]

  constructor({ transport, leavesTo = ['https://acme-budget.test/callback'], now }: BrowserOptions) {
    this.#transport = transport
    this.#leavesTo = leavesTo.map((url) => new URL(url))
    this.jar = new CookieJar(now)
  }

  /** Opens an address, as typed unless `from` says otherwise, and follows redirects. */
  get(url: string, options: NavigationOptions = {}): Promise<Page> {
    return this.#navigate({ ...options, url: new URL(url), method: 'GET', ofForm: false })
  }

  /** Follows a link of the page, by its text or its href. Throws Unexpected when there is none. */
  follow(page: Page, link: string): Promise<Page> {
    const found = page.links.find(({ text, href }) => text === link || href === link)
    if (found === undefined) throw new Unexpected(`the page ${page.path}`, `a link "${link}"`, page.described)
    return this.get(new URL(found.href, page.url).href, { from: page })
  }

  /** Reloads a page with GET. */
  reload(page: Page): Promise<Page> {
    return this.get(page.url, { from: page })
  }

  /**
   * Fills in and submits a form with the button of this id, or with its first. Throws Unexpected when the form has
   * no such field, value or button: a person could not have done it either.
   */
  submit(
    form: PageForm,
    filling: Filling = {},
    buttonId?: string,
    options: SubmitOptions = {},
  ): Promise<Page> {
    const { pairs, action } = filledForm(form, filling, buttonId)
    const body = new URLSearchParams(pairs)
    options.tamper?.(body)
    const url = new URL(action === '' ? form.page.url : action, form.page.url)
    if (form.method === 'GET') url.search = body.toString()
    return this.#navigate({
      ...options,
      from: form.page,
      url,
      method: form.method,
      ofForm: true,
      ...(form.method === 'POST' && { body: body.toString() }),
    })
  }

  async #navigate(first: Navigation): Promise<Page> {
    const trail: Answer[] = []
    let step: Navigation = first
    let furthest: Relation = relation(initiator(first), first.url)
    while (trail.length < STEPS) {
      this.#mayGo(step)
      if (this.#leaves(step.url)) return new Page(step.url.href, trail, true)
      furthest = further(furthest, relation(initiator(first), step.url))
      const answer = await this.#request(step, furthest)
      trail.push(answer)
      const next = first.follow === false ? undefined : redirected(step, answer)
      if (next === undefined) return new Page(step.url.href, trail, false)
      furthest = further(furthest, relation(step.url, next.url))
      step = next
    }
    throw new Unexpected(`GET ${first.url.origin}${first.url.pathname}`, `at most ${STEPS} redirects`, 'more')
  }

  #mayGo({ ofForm, from, url }: Navigation): void {
    if (!ofForm || from === undefined) return
    const csp = from.answer?.headers['content-security-policy']
    const policy = typeof csp === 'string' ? csp : undefined
    if (!formMayGo(policy, new URL(from.url), url))
      throw new Unexpected(`the form on ${from.path}`, `form-action to allow ${url.origin}`, String(policy))
  }

  #leaves(url: URL): boolean {
    return this.#leavesTo.some((uri) => uri.origin === url.origin && uri.pathname === url.pathname)
  }

  async #request(step: Navigation, furthest: Relation): Promise<Answer> {
    const { url, method, body, via } = step
    const site = relation(initiator(step), url)
    const cookie = this.jar.header({ url, method, sameSite: site !== 'cross-site' })
    const answer = await this.#transport.send({
      url: url.href,
      method,
      headers: { ...chromium(step, furthest), cookie, ...step.headers },
      ...(body !== undefined && { body }),
      ...(via !== undefined && { via }),
    })
    this.jar.store(url, answer.headers['set-cookie'] ?? [])
    return answer
  }
}

function initiator({ from }: NavigationOptions): URL | undefined {
  return from === undefined ? undefined : new URL(from.url)
}

/** Fetch §4.4: 303 always turns into GET, 301 and 302 turn a POST into one, 307 and 308 repeat what was sent. */
function redirected(step: Navigation, answer: Answer): Navigation | undefined {
  const { location } = answer.headers
  if (location === undefined || ![301, 302, 303, 307, 308].includes(answer.status)) return undefined
  const url = new URL(location, step.url)
  const { headers: _first, body, ...rest } = step
  const repeats = answer.status >= 307 || (answer.status !== 303 && step.method !== 'POST')
  if (repeats) return { ...rest, url, ...(body !== undefined && { body }) }
  return { ...rest, url, method: 'GET' }
}

function chromium({ from, url, method, body }: Navigation, furthest: Relation): HeaderLines {
  const policy = referrerPolicy(from?.answer?.headers['referrer-policy'])
  const source = from === undefined ? undefined : new URL(from.url)
  return {
    accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language': 'en-GB,en;q=0.9',
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0',
    'upgrade-insecure-requests': '1',
    'content-type': body === undefined ? undefined : 'application/x-www-form-urlencoded',
    referer: source && refererFor(policy, source, url),
    origin: source && method !== 'GET' ? originFor(policy, source, url) : undefined,
    ...(isTrustworthy(url) && {
      'sec-fetch-site': furthest,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1',
    }),
  }
}
