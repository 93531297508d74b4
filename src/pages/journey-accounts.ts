import type { RouterContext } from '@koa/router'
import type { ConsentAccount } from '../domain/consent.ts'
import { isUnavailable } from '../domain/problem.ts'
import { showBankDown, shownOf, showOffer } from './accounts-page.ts'
import {
  checkJourneyToken,
  type JourneyAt,
  type JourneyParts,
  journeyAt,
  openInteraction,
  standingAt,
  stepPath,
} from './journey.ts'
import { choiceOf, needsAccounts, type Offer, offerOf } from './offer.ts'
import type { CustomerInteraction } from './ports.ts'
import { postedForm } from './posted-form.ts'
import { seeOther } from './refusal.ts'

/** GET /interaction/:uid/accounts */
export async function journeyAccounts(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const journey = await journeyAt(parts, ctx, uid, 'accounts')
  if (!journey) return
  const note = parts.notes.take(ctx, stepPath(uid, 'accounts'))
  const problems = note?.kind === 'problems' ? note.problems : []
  const offer = await offerTo(parts, ctx, journey)
  if (offer) showOffer(parts, ctx, journey, offer, { problems })
}

/** POST /interaction/:uid/accounts: the customer shares. */
export async function journeyShare(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const form = postedForm(ctx)
  const interaction = await openInteraction(parts, ctx, uid)
  if (isSecondClick(parts, ctx, interaction, form)) return
  const journey = standingAt(ctx, interaction, 'accounts')
  if (!journey) return
  checkJourneyToken(parts, interaction, 'accounts', form)
  const offer = await offerTo(parts, ctx, journey)
  if (!offer) return
  const verdict = checkJourneyToken(parts, interaction, 'accounts', form, shownOf(interaction, offer))
  const choice = choiceOf(offer, form.getAll('accounts'))
  if (verdict === 'outdated' || choice.kind === 'not-offered')
    return showOffer(parts, ctx, journey, offer, { changed: true })
  if (choice.kind === 'none-chosen') return askAgain(parts, ctx, uid)
  const { accounts } = choice
  seeOther(
    ctx,
    await parts.interactions.decide(ctx, uid, { kind: 'agreed', accounts, decidedAt: parts.now() }),
  )
}

/** What there is to choose from; while the bank does not answer, shows a page that says so, and answers undefined. */
async function offerTo(
  parts: JourneyParts,
  ctx: RouterContext,
  journey: JourneyAt<'accounts'>,
): Promise<Offer | undefined> {
  const { terms, thirdParty } = journey.interaction
  if (!needsAccounts(terms)) return offerOf(terms, [])
  try {
    const { customerId } = journey.progress.authentication
    return offerOf(terms, await parts.accounts.list(customerId, thirdParty.clientId))
  } catch (error) {
    if (!isUnavailable(error)) throw error
    showBankDown(parts, ctx, journey)
    return undefined
  }
}

function askAgain(parts: JourneyParts, ctx: RouterContext, uid: string): void {
  const here = stepPath(uid, 'accounts')
  const problems = [{ field: 'accounts', text: 'Select at least one account to share' }]
  parts.notes.leave(ctx, here, { kind: 'problems', problems })
  seeOther(ctx, here)
}

/** A double click posts twice, and the browser follows only the second answer: the same choice gets the same way on. */
function isSecondClick(
  parts: JourneyParts,
  ctx: RouterContext,
  interaction: CustomerInteraction,
  form: URLSearchParams,
): boolean {
  const { progress } = interaction
  if (progress.step !== 'decided' || progress.returnTo === undefined) return false
  checkJourneyToken(parts, interaction, 'accounts', form)
  if (progress.decision?.kind !== 'agreed' || !isSameChoice(progress.decision.accounts, form)) return false
  seeOther(ctx, progress.returnTo)
  return true
}

function isSameChoice(accounts: readonly ConsentAccount[], form: URLSearchParams): boolean {
  const posted = new Set(form.getAll('accounts'))
  return posted.size === accounts.length && accounts.every(({ accountId }) => posted.has(accountId))
}
