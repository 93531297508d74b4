import type { RouterContext } from '@koa/router'
import { isUnavailable } from '../domain/problem.ts'
import { type AccountNames, connectionInWords } from './connection-words.ts'
import { type CustomerParts, type SignedIn, sessionToken, signedIn } from './customer-session.ts'
import type { Connection } from './ports.ts'
import { Refusal } from './refusal.ts'

/** GET /connections?show=ended: S8, everything the customer ever shared; active ones first seen. */
export async function connectionsList(parts: CustomerParts, ctx: RouterContext): Promise<void> {
  const who = await signedIn(parts, ctx)
  if (!who) return
  const all = await parts.connections.list(who.customerId)
  const names = await accountNames(parts, who, all)
  const inWords = all.map((one) => connectionInWords(one, wordsFor(parts, names)))
  const ended = ctx.query.show === 'ended'
  parts.layout.show(ctx, {
    view: 'connections',
    heading: 'Connected apps and services',
    signOutToken: sessionToken(parts, who, 'sign-out'),
    facts: {
      ended,
      connections: inWords.filter(({ active }) => active !== ended),
      activeCount: inWords.filter(({ active }) => active).length,
      endedCount: inWords.filter(({ active }) => !active).length,
    },
  })
}

/** GET /connections/:id */
export async function connectionDetail(parts: CustomerParts, ctx: RouterContext, id: string): Promise<void> {
  const who = await signedIn(parts, ctx)
  if (!who) return
  const connection = await ownConnection(parts, who, id)
  const names = await accountNames(parts, who, [connection])
  const words = connectionInWords(connection, wordsFor(parts, names))
  parts.layout.show(ctx, {
    view: 'connection',
    heading: words.name,
    signOutToken: sessionToken(parts, who, 'sign-out'),
    facts: { connection: words },
  })
}

/** Throws Refusal `not-found` for an unknown id and for another customer's alike (threats C23). */
export async function ownConnection(parts: CustomerParts, who: SignedIn, id: string): Promise<Connection> {
  const connection = await parts.connections.find(who.customerId, id)
  if (!connection) throw new Refusal({ situation: 'not-found' })
  return connection
}

/** The bank's names of the accounts; empty while the bank does not answer: seeing and stopping must not need it. */
export async function accountNames(
  { accounts }: CustomerParts,
  { customerId }: SignedIn,
  connections: readonly Connection[],
): Promise<AccountNames> {
  const one = connections.find((connection) => connection.accounts.length > 0)
  if (!one) return new Map()
  try {
    const listed = await accounts.list(customerId, one.thirdParty.clientId)
    return new Map(listed.map(({ account }) => [account.accountId, account]))
  } catch (error) {
    if (isUnavailable(error)) return new Map()
    throw error
  }
}

export function wordsFor({ layout }: CustomerParts, names: AccountNames) {
  return { dates: layout.dates, bankName: layout.brand.bankName, names }
}
