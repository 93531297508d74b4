import { createHash, randomBytes } from 'node:crypto'
import type { StateFolder } from '../state-folder.ts'
import type { AccountData } from './account-data.ts'
import { Steps } from './step.ts'

/** An authorization request that is under way in this browser. */
export interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
}

/** What a customer's agreement brought. */
export interface Connection {
  readonly accessToken: string
  readonly refreshToken?: string
  /** When the access token ends. */
  readonly expiresAt: string
  readonly connectedAt: string
}

export interface Notice {
  readonly kind: 'refused' | 'ended' | 'trouble' | 'done'
  readonly text: string
}

/** One browser. Changed in place; `Sessions.save` makes it last. */
export interface Session {
  pending: readonly Pending[]
  connection?: Connection | undefined
  accounts: readonly AccountData[]
  readAt?: string | undefined
  notice?: Notice | undefined
  readonly steps: Steps
}

/** More browsers than this are not remembered; the oldest goes first. */
const MOST = 500
const FILE = 'sessions.json'

/**
 * The browsers' sessions, by an opaque cookie of which only the hash is kept. All but the steps is in the state folder, so
 * that a connection outlives a restart.
 */
export class Sessions {
  readonly #state: StateFolder
  readonly #sessions = new Map<string, Session>()
  #saved: Promise<void> = Promise.resolve()

  private constructor(state: StateFolder) {
    this.#state = state
  }

  static async open(state: StateFolder): Promise<Sessions> {
    const sessions = new Sessions(state)
    // Our own file, mode 600, written by `save`.
    const kept = JSON.parse((await state.read(FILE)) ?? '[]') as readonly [string, Omit<Session, 'steps'>][]
    for (const [key, session] of kept) sessions.#sessions.set(key, { ...session, steps: new Steps() })
    return sessions
  }

  find(cookie: string | undefined): Session | undefined {
    return cookie === undefined ? undefined : this.#sessions.get(keyOf(cookie))
  }

  /** A new session and the cookie's value: 256 random bits. */
  create(): { readonly cookie: string; readonly session: Session } {
    const cookie = randomBytes(32).toString('base64url')
    const session = { pending: [], accounts: [], steps: new Steps() }
    this.#sessions.set(keyOf(cookie), session)
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size > MOST && oldest !== undefined) this.#sessions.delete(oldest)
    return { cookie, session }
  }

  async save(): Promise<void> {
    const lasting = () => [...this.#sessions].map(([key, { steps: _, ...session }]) => [key, session])
    this.#saved = this.#saved
      .catch(() => undefined)
      .then(() => this.#state.write(FILE, JSON.stringify(lasting())))
    await this.#saved
  }
}

function keyOf(cookie: string): string {
  return createHash('sha256').update(cookie).digest('base64url')
}
