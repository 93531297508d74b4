import type { RouterContext } from '@koa/router'
import {
  cancelForm,
  checkJourneyToken,
  type JourneyAt,
  type JourneyParts,
  journeyAt,
  journeyToken,
  stepPath,
} from './journey.ts'
import { needsAccounts } from './offer.ts'
import { postedForm } from './posted-form.ts'
import { seeOther } from './refusal.ts'
import { readSignIn, signInRefused } from './sign-in-form.ts'
import { showLocked, showSignIn } from './sign-in-page.ts'

/** GET /interaction/:uid/login */
export async function journeySignIn(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const journey = await journeyAt(parts, ctx, uid, 'login')
  if (!journey) return
  const note = parts.notes.take(ctx, stepPath(uid, 'login'))
  const { interaction } = journey
  const frame = { formTarget: interaction.redirectOrigin, cancel: cancelForm(parts, interaction) }
  if (note?.kind === 'locked') return showLocked(parts.layout, ctx, { ...frame, until: new Date(note.until) })
  showSignIn(parts.layout, ctx, {
    ...frame,
    ...wordsOf(parts, journey),
    action: stepPath(uid, 'login'),
    token: journeyToken(parts, interaction, 'login'),
    signedOut: journey.progress.signedOut ?? false,
    login: note?.kind === 'problems' ? (note.login ?? '') : '',
    problems: note?.kind === 'problems' ? note.problems : [],
  })
}

/** POST /interaction/:uid/login */
export async function journeyPassword(parts: JourneyParts, ctx: RouterContext, uid: string): Promise<void> {
  const journey = await journeyAt(parts, ctx, uid, 'login')
  if (!journey) return
  const form = postedForm(ctx)
  checkJourneyToken(parts, journey.interaction, 'login', form)
  const here = stepPath(uid, 'login')
  const typed = readSignIn(form)
  seeOther(ctx, here)
  if (!typed.complete)
    return parts.notes.leave(ctx, here, { kind: 'problems', problems: typed.problems, login: typed.login })
  const result = await parts.signIn.password(typed.login, typed.password)
  if (result.outcome === 'locked')
    return parts.notes.leave(ctx, here, { kind: 'locked', until: result.until.toISOString() })
  if (result.outcome === 'refused')
    return parts.notes.leave(ctx, here, {
      kind: 'problems',
      problems: signInRefused(result.triesLeft),
      login: typed.login,
    })
  await parts.interactions.passwordAccepted(uid, result.customer.id)
  seeOther(ctx, stepPath(uid, 'factor'))
}

function wordsOf({ layout }: JourneyParts, { interaction, appName }: JourneyAt<'login'>) {
  const { bankName, domain } = layout.brand
  const what = needsAccounts(interaction.terms)
    ? `Sign in to share your account information with ${appName}`
    : `Sign in to ${bankName} for ${appName}`
  return {
    heading: what,
    appName,
    trust: `You are on ${domain}. ${appName} never sees your sign-in details.`,
  }
}
