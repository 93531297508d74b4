import { judge, type LiveToken } from '../domain/live-token.ts'
import type { Ledger } from './ports.ts'

/** Answers what a token is good for now, from the ledger and nowhere else (DESIGN §1.5). */
export interface LiveTokens {
  /** Undefined for whatever is not good, never was, or is not an access token. Throws Problem `unavailable`. */
  live(token: string): Promise<LiveToken | undefined>
}

/** Longer than any token of ours; whatever is longer is not looked up. */
const LONGEST = 128

export function openLiveTokens(ledger: Pick<Ledger, 'findToken'>, now: () => Date): LiveTokens {
  return {
    live: async (token) => {
      if (token === '' || token.length > LONGEST) return undefined
      const stored = await ledger.findToken(token)
      const verdict = stored && judge(stored.record, now())
      return typeof verdict === 'object' ? verdict : undefined
    },
  }
}
