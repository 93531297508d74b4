import type { Context } from 'koa'
import type { Permission } from '../domain/consent.ts'
import type { Cluster } from '../profiles/profile.ts'
import { foreignName } from './foreign-text.ts'
import type { FormTokens, FormVerdict } from './form-token.ts'
import type { Layout } from './layout.ts'
import type { Notes } from './notes.ts'
import type { CustomerAccounts, CustomerInteraction, Interactions, Progress, SignIn } from './ports.ts'
import { Refusal, seeOther } from './refusal.ts'

/** What the pages of one journey (sign in, code, accounts, cancel) are made of. */
export interface JourneyParts {
  readonly layout: Layout
  readonly interactions: Interactions
  readonly accounts: CustomerAccounts
  readonly signIn: SignIn
  readonly clusters: (permissions: readonly Permission[]) => readonly Cluster[]
  readonly tokens: FormTokens
  readonly notes: Notes
  readonly now: () => Date
}

type Step = Progress['step']
type ProgressAt<S extends Step> = Extract<Progress, { readonly step: S }>

/** A journey that stands at one certain step. */
export interface JourneyAt<S extends Step> {
  readonly interaction: CustomerInteraction
  readonly progress: ProgressAt<S>
  /** The app's name, fit to be shown. */
  readonly appName: string
}

const pathsOfSteps = { login: 'login', factor: 'sca', accounts: 'accounts' } as const

/** Where the page of a step is. */
export function stepPath(uid: string, step: keyof typeof pathsOfSteps): string {
  return `${journeyPath(uid)}/${pathsOfSteps[step]}`
}

function journeyPath(uid: string): string {
  return `/interaction/${encodeURIComponent(uid)}`
}

/** This browser's interaction named in the URL. Throws Refusal when there is none, or its app may not ask now. */
export async function openInteraction(
  { interactions }: JourneyParts,
  ctx: Context,
  uid: string,
): Promise<CustomerInteraction> {
  const interaction = await interactions.current(ctx, uid)
  // the cookie alone decides whose interaction this is; a URL for another one gets nothing (threats C2)
  if (!interaction || interaction.uid !== uid) throw new Refusal({ situation: 'expired-link' })
  if (interaction.thirdParty.suspended)
    throw new Refusal({ situation: 'third-party-suspended', appName: interaction.thirdParty.name })
  return interaction
}

/** The journey when it stands at `step`; otherwise leads the browser to the step it stands at, and answers undefined. */
export async function journeyAt<S extends keyof typeof pathsOfSteps>(
  parts: JourneyParts,
  ctx: Context,
  uid: string,
  step: S,
): Promise<JourneyAt<S> | undefined> {
  return standingAt(ctx, await openInteraction(parts, ctx, uid), step)
}

/** The same, for an interaction that is open already. */
export function standingAt<S extends keyof typeof pathsOfSteps>(
  ctx: Context,
  interaction: CustomerInteraction,
  step: S,
): JourneyAt<S> | undefined {
  const { progress, thirdParty } = interaction
  if (isAt(progress, step)) return { interaction, progress, appName: foreignName(thirdParty.name) }
  leadToStep(ctx, interaction)
  return undefined
}

/** 303 to the page of the step that the journey has reached. Throws Refusal when everything is decided. */
export function leadToStep(ctx: Context, interaction: CustomerInteraction): void {
  const { progress, uid, thirdParty } = interaction
  if (progress.step === 'decided')
    throw new Refusal({
      situation: 'finished',
      appName: thirdParty.name,
      ...(progress.returnTo === undefined ? {} : { continueAt: progress.returnTo }),
    })
  seeOther(ctx, stepPath(uid, progress.step))
}

/** The hidden field of a form of this journey. `shown` is everything the customer decides upon. */
export function journeyToken(
  { tokens }: JourneyParts,
  interaction: CustomerInteraction,
  step: string,
  shown: unknown = asked(interaction),
): string {
  return tokens.make({ subject: interaction.uid, step, shown })
}

/** Throws Refusal when the form was not made by us, for this journey and this step. */
export function checkJourneyToken(
  { tokens }: JourneyParts,
  interaction: CustomerInteraction,
  step: string,
  form: URLSearchParams,
  shown: unknown = asked(interaction),
): Exclude<FormVerdict, 'forged'> {
  const verdict = tokens.check(form.get('csrf') ?? undefined, { subject: interaction.uid, step, shown })
  if (verdict === 'forged') throw new Refusal({ situation: 'forged-form' })
  return verdict
}

/** Who asks for what: part of everything a form of a journey is bound to. */
export function asked({ thirdParty, consentId, terms, redirectOrigin }: CustomerInteraction): object {
  const { clientId, name, organisationName } = thirdParty
  return { clientId, name, organisationName, consentId, terms, redirectOrigin }
}

/** The form behind every "Cancel": it refuses, and leads back to the app. */
export function cancelForm(parts: JourneyParts, interaction: CustomerInteraction) {
  return {
    action: `${journeyPath(interaction.uid)}/cancel`,
    token: journeyToken(parts, interaction, 'cancel'),
    label: `Cancel and go back to ${foreignName(interaction.thirdParty.name)}`,
  }
}

function isAt<S extends Step>(progress: Progress, step: S): progress is ProgressAt<S> {
  return progress.step === step
}
