import type { RouterContext } from '@koa/router'
import { connectionInWords } from './connection-words.ts'
import { accountNames, ownConnection, wordsFor } from './connections-pages.ts'
import {
  type CustomerParts,
  checkSessionToken,
  type SignedIn,
  sessionToken,
  signedIn,
} from './customer-session.ts'
import type { Connection } from './ports.ts'
import { postedForm } from './posted-form.ts'
import { Refusal, seeOther } from './refusal.ts'

/** What a customer may say about why; anything else counts as nothing said. */
const reasons: readonly string[] = ['not-used', 'not-recognised', 'other']

/** GET /connections/:id/stop: S9, the question; once stopped, the answer. */
export async function stopQuestion(parts: CustomerParts, ctx: RouterContext, id: string): Promise<void> {
  const who = await signedIn(parts, ctx)
  if (!who) return
  const connection = await ownConnection(parts, who, id)
  if (connection.state === 'active') await ask(parts, ctx, who, connection)
  else await confirm(parts, ctx, who, connection)
}

/** POST /connections/:id/stop */
export async function stopSharing(parts: CustomerParts, ctx: RouterContext, id: string): Promise<void> {
  const who = await signedIn(parts, ctx)
  if (!who) return
  const form = postedForm(ctx)
  checkSessionToken(parts, who, 'stop', form, id)
  const said = form.get('reason') ?? ''
  const reason = reasons.includes(said) ? said : undefined
  if (!(await parts.connections.stop(who.customerId, id, reason)))
    throw new Refusal({ situation: 'not-found' })
  const here = stopPath(id)
  if (reason === 'not-recognised') parts.notes.leave(ctx, here, { kind: 'not-recognised' })
  seeOther(ctx, here)
}

async function ask(parts: CustomerParts, ctx: RouterContext, who: SignedIn, connection: Connection) {
  const names = await accountNames(parts, who, [connection])
  const words = connectionInWords(connection, wordsFor(parts, names))
  parts.layout.show(ctx, {
    view: 'stop',
    heading: `Stop sharing with ${words.name}?`,
    signOutToken: sessionToken(parts, who, 'sign-out'),
    facts: {
      connection: words,
      action: stopPath(connection.consentId),
      token: sessionToken(parts, who, 'stop', connection.consentId),
    },
  })
}

async function confirm(parts: CustomerParts, ctx: RouterContext, who: SignedIn, connection: Connection) {
  const note = parts.notes.take(ctx, stopPath(connection.consentId))
  const words = connectionInWords(connection, wordsFor(parts, new Map()))
  const byCustomer = connection.endedBecause === 'stopped-by-customer'
  parts.layout.show(ctx, {
    view: 'stopped',
    heading: byCustomer
      ? `You have stopped sharing with ${words.name}`
      : `Sharing with ${words.name} has ended`,
    signOutToken: sessionToken(parts, who, 'sign-out'),
    facts: {
      connection: words,
      endedAt: connection.endedAt ? parts.layout.dates.moment(connection.endedAt) : '',
      reference: connection.consentId,
      notRecognised: note?.kind === 'not-recognised',
    },
  })
}

function stopPath(id: string): string {
  return `/connections/${encodeURIComponent(id)}/stop`
}
