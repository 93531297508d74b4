import { AccessEnded, type Bank } from './bank-connection.ts'
import { noticeFor } from './outcome.ts'
import type { Names } from './page.ts'
import type { Session } from './sessions.ts'

/** Requests for the bank that a browser may have under way at once, in several tabs. */
const MOST_PENDING = 5

/**
 * What a customer can do in the app. Every method says in the session how it went and throws only for our own mistakes;
 * one browser's actions happen one after the other.
 */
export class Actions {
  readonly #bank: Bank
  readonly #names: Names
  readonly #now: () => Date
  readonly #running = new WeakMap<Session, Promise<unknown>>()

  constructor(bank: Bank, names: Names, now: () => Date) {
    this.#bank = bank
    this.#names = names
    this.#now = now
  }

  /** The URL to send the browser to, or undefined where the bank could not be asked. */
  async connect(session: Session): Promise<string | undefined> {
    let destination: string | undefined
    await this.#attempt(session, async () => {
      const { pending, url } = await this.#bank.begin(session.steps)
      session.pending = [...session.pending, pending].slice(-MOST_PENDING)
      destination = url
    })
    return destination
  }

  /** The browser came back from the bank. A state that is not this browser's is not looked at any further. */
  finish(session: Session, callback: URL): Promise<void> {
    return this.#attempt(session, async () => {
      const state = callback.searchParams.get('state')
      const pending = session.pending.find((request) => request.state === state)
      if (pending === undefined) {
        session.notice = {
          kind: 'trouble',
          text: 'This link was used before, or is from another browser. Connect again.',
        }
        return
      }
      session.pending = session.pending.filter((request) => request !== pending)
      session.connection = await this.#bank.finish(session.steps, callback, pending)
      await this.#read(session)
    })
  }

  refresh(session: Session): Promise<void> {
    return this.#attempt(session, async () => {
      if (session.connection !== undefined) await this.#read(session)
    })
  }

  /** Gives the tokens back and forgets; forgets also where the bank cannot be told. */
  forget(session: Session): Promise<void> {
    return this.#attempt(session, async () => {
      const told = await this.#bank.revoke(session).then(
        () => true,
        () => false,
      )
      this.#drop(session)
      const { app, bank } = this.#names
      const text = told
        ? `${app} has forgotten your accounts and told ${bank} that its access is not wanted any more.`
        : `${app} has forgotten your accounts. ${bank} could not be told: stop the access there, too.`
      session.notice = { kind: 'done', text }
    })
  }

  async #read(session: Session): Promise<void> {
    session.accounts = await this.#bank.read(session)
    session.readAt = this.#now().toISOString()
  }

  #drop(session: Session): void {
    session.connection = undefined
    session.accounts = []
    session.readAt = undefined
  }

  #attempt(session: Session, action: () => Promise<void>): Promise<void> {
    const attempt = (this.#running.get(session) ?? Promise.resolve()).then(async () => {
      session.notice = undefined
      await action().catch((error: unknown) => this.#explain(session, error))
    })
    this.#running.set(
      session,
      attempt.catch(() => undefined),
    )
    return attempt
  }

  #explain(session: Session, error: unknown): void {
    const notice = noticeFor(error, this.#names.bank)
    if (notice === undefined) throw error
    if (error instanceof AccessEnded) this.#drop(session)
    session.notice = notice
  }
}
