import type { Context } from 'koa'
import { accountInWords } from './account-words.ts'
import { foreignName, placeInWords } from './foreign-text.ts'
import { asked, cancelForm, type JourneyAt, type JourneyParts, journeyToken, stepPath } from './journey.ts'
import type { FieldProblem } from './notes.ts'
import { needsAccounts, type Offer } from './offer.ts'
import type { CustomerInteraction, OfferedAccount } from './ports.ts'

/** All that the decision rests on. Balances move by themselves and are left out. */
export function shownOf(interaction: CustomerInteraction, offer: Offer): unknown {
  const line = ({ id, account }: OfferedAccount) => [id, account.accountId, account.shareable]
  const lists = offer.kind === 'accounts' ? [...offer.shareable, ...offer.unavailable] : []
  return [asked(interaction), offer.kind, lists.map(line)]
}

/** What the page says beside the offer. */
interface Saying {
  readonly problems?: readonly FieldProblem[]
  /** True when something else than the posted page would be shown now. */
  readonly changed?: boolean
}

/** S4: accounts, what the app will see, how long, and the two buttons; or why there is nothing to share. */
export function showOffer(
  parts: JourneyParts,
  ctx: Context,
  journey: JourneyAt<'accounts'>,
  offer: Offer,
  say: Saying,
): void {
  const { interaction, appName } = journey
  const status = say.changed ? { status: 409 } : {}
  const page = { formTarget: interaction.redirectOrigin, ...status }
  if (offer.kind === 'nothing')
    parts.layout.show(ctx, { ...page, ...nothingToShare(parts, interaction, offer, appName) })
  else parts.layout.show(ctx, { ...page, ...somethingToShare(parts, journey, offer, say) })
}

function somethingToShare(
  parts: JourneyParts,
  { interaction, appName }: JourneyAt<'accounts'>,
  offer: Exclude<Offer, { kind: 'nothing' }>,
  { problems = [], changed = false }: Saying,
) {
  return {
    view: 'accounts',
    heading: headingOf(parts, offer, appName),
    hasProblems: problems.length > 0,
    facts: {
      ...whatIsAsked(parts, interaction),
      appName,
      problems,
      changed,
      shareable: offer.kind === 'accounts' ? offer.shareable.map(inWords) : [],
      unavailable: offer.kind === 'accounts' ? offer.unavailable.map(inWords) : [],
      action: stepPath(interaction.uid, 'accounts'),
      token: journeyToken(parts, interaction, 'accounts', shownOf(interaction, offer)),
      cancel: cancelForm(parts, interaction),
    },
  }
}

/** S10: the bank's own systems do not answer. The way back to the app stays open (house invariant 8). */
export function showBankDown(parts: JourneyParts, ctx: Context, journey: JourneyAt<'accounts'>): void {
  const { interaction, appName } = journey
  parts.layout.show(ctx, {
    view: 'bank-down',
    heading: 'Sorry, there is a problem with the service',
    status: 503,
    formTarget: interaction.redirectOrigin,
    facts: {
      appName,
      again: stepPath(interaction.uid, 'accounts'),
      cancel: cancelForm(parts, interaction),
    },
  })
  ctx.set('Retry-After', '30')
}

function headingOf({ layout }: JourneyParts, offer: Offer, appName: string): string {
  if (offer.kind === 'identity') return `Tell ${appName} that you bank with ${layout.brand.bankName}`
  const one = offer.kind === 'accounts' && offer.shareable.length === 1
  return one ? `Share your account with ${appName}` : `Choose the accounts to share with ${appName}`
}

/** Who, what, how long and where next, in the customer's words. Throws when something asked for has no words. */
function whatIsAsked({ clusters, layout }: JourneyParts, interaction: CustomerInteraction) {
  const { thirdParty, terms, redirectOrigin } = interaction
  const asked = clusters(terms.permissions)
  // nothing may be agreed to that is not on the page (house invariant 7)
  if (needsAccounts(terms) && asked.length === 0)
    throw new Error('permissions without words for the customer')
  const { transactionsFrom, transactionsTo } = needsAccounts(terms) ? terms : {}
  return {
    organisationName: foreignName(thirdParty.organisationName, 'unknown company'),
    clusters: asked,
    transactionsFrom: transactionsFrom ? layout.dates.day(transactionsFrom) : '',
    transactionsTo: transactionsTo ? layout.dates.day(transactionsTo) : '',
    until: layout.dates.moment(terms.expiresAt),
    returnsTo: placeInWords(redirectOrigin, foreignName(thirdParty.name)),
  }
}

function nothingToShare(
  parts: JourneyParts,
  interaction: CustomerInteraction,
  offer: Extract<Offer, { kind: 'nothing' }>,
  appName: string,
) {
  return {
    view: 'no-accounts',
    heading: `You do not have an account that can be shared with ${appName}`,
    facts: {
      appName,
      named: offer.because === 'none-named',
      unavailable: offer.unavailable.map(inWords),
      cancel: { ...cancelForm(parts, interaction), label: `Go back to ${appName}` },
    },
  }
}

function inWords({ id, account }: OfferedAccount) {
  return { id, ...accountInWords(account) }
}
