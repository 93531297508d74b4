import type { RouterContext } from '@koa/router'
import {
  cancelForm,
  checkJourneyToken,
  type JourneyParts,
  journeyAt,
  journeyToken,
  stepPath,
} from './journey.ts'
import { postedForm } from './posted-form.ts'
import { seeOther } from './refusal.ts'
import { codeRefused, readCode } from './sign-in-form.ts'
import { showCode, showLocked } from './sign-in-page.ts'

/** Password and one-time code: RFC 8176 §2. */
const AMR = ['pwd', 'otp', 'mfa'] as const

/** GET /interaction/:uid/sca */
export async function journeyCode(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const journey = await journeyAt(parts, ctx, uid, 'factor')
  if (!journey) return
  const here = stepPath(uid, 'factor')
  const note = parts.notes.take(ctx, here)
  const { interaction, appName } = journey
  const frame = { formTarget: interaction.redirectOrigin, cancel: cancelForm(parts, interaction) }
  if (note?.kind === 'locked') return showLocked(parts.layout, ctx, { ...frame, until: new Date(note.until) })
  showCode(parts.layout, ctx, {
    ...frame,
    appName,
    action: here,
    token: journeyToken(parts, interaction, 'factor'),
    problems: note?.kind === 'problems' ? note.problems : [],
  })
}

/** POST /interaction/:uid/sca */
export async function journeyCheckCode(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const journey = await journeyAt(parts, ctx, uid, 'factor')
  if (!journey) return
  const form = postedForm(ctx)
  checkJourneyToken(parts, journey.interaction, 'factor', form)
  const here = stepPath(uid, 'factor')
  seeOther(ctx, here)
  const typed = readCode(form)
  if ('problems' in typed) return parts.notes.leave(ctx, here, { kind: 'problems', problems: typed.problems })
  const { customerId } = journey.progress
  const result = await parts.signIn.code(customerId, typed.code)
  if (result.outcome === 'locked')
    return parts.notes.leave(ctx, here, { kind: 'locked', until: result.until.toISOString() })
  if (result.outcome === 'refused')
    return parts.notes.leave(ctx, here, { kind: 'problems', problems: codeRefused(result.triesLeft) })
  await parts.interactions.factorAccepted(uid, { customerId, at: parts.now(), amr: AMR })
  seeOther(ctx, stepPath(uid, 'accounts'))
}
