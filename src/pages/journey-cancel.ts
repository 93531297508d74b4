import type { RouterContext } from '@koa/router'
import { checkJourneyToken, type JourneyParts, leadToStep, openInteraction } from './journey.ts'
import { postedForm } from './posted-form.ts'
import { seeOther } from './refusal.ts'

/** GET /interaction/:uid */
export async function journeyStart(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  leadToStep(ctx, await openInteraction(parts, ctx, uid))
}

/** POST /interaction/:uid/cancel, from any step: the customer refuses and goes back to the app. */
export async function journeyCancel(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const interaction = await openInteraction(parts, ctx, uid)
  checkJourneyToken(parts, interaction, 'cancel', postedForm(ctx))
  const { progress } = interaction
  const refusedBefore = progress.step === 'decided' && progress.decision?.kind === 'refused'
  if (refusedBefore && progress.returnTo !== undefined) return seeOther(ctx, progress.returnTo)
  if (progress.step === 'decided') return leadToStep(ctx, interaction)
  seeOther(ctx, await parts.interactions.decide(ctx, uid, { kind: 'refused', decidedAt: parts.now() }))
}
