import { randomInt } from 'node:crypto'
import type { Context } from 'koa'
import { foreignLink, foreignName } from './foreign-text.ts'
import type { Layout } from './layout.ts'

/** What can go wrong for a customer. Each has words of its own; none says more than the customer can use. */
type Situation =
  | 'expired-link'
  | 'finished'
  | 'cookies-blocked'
  | 'unusable-request'
  | 'third-party-suspended'
  | 'unavailable'
  | 'not-found'
  | 'forged-form'
  | 'unreadable-form'
  | 'framed'
  | 'fault'

export interface ErrorFacts {
  readonly situation: Situation
  /** The app's name and registered web page, where they are known and verified. Never from the query. */
  readonly appName?: string
  readonly appUri?: string
  /** Short code by which staff find the event; made here when not given, and shown where it helps. */
  readonly reference?: string
  /** Where it goes on (a path of ours): the way back for `finished`, the same page again for `unavailable`. */
  readonly continueAt?: string
  /** Overrides the situation's own HTTP status. */
  readonly status?: number
}

/** Shows the page of one situation, with its status, in the bank's layout. */
export type ErrorPage = (ctx: Context, facts: ErrorFacts) => void

interface Words {
  readonly status: number
  readonly heading: string
  readonly text: readonly string[]
  readonly actions?: readonly Action[]
  readonly showsReference?: boolean
}

interface Action {
  readonly text: string
  readonly href: string
}

export function openErrorPage(layout: Layout): ErrorPage {
  return (ctx, facts) => {
    const words = wordsOf(facts, layout.brand.bankName)
    layout.show(ctx, {
      view: 'error',
      heading: words.heading,
      status: facts.status ?? words.status,
      facts: {
        text: words.text,
        actions: words.actions ?? [],
        reference: words.showsReference ? (facts.reference ?? newReference()) : '',
      },
    })
    if (ctx.status === 503) ctx.set('Retry-After', '30')
  }
}

/** "7K2M-9QXD": forty random bits without letters that are mistaken for others (Crockford's Base32). */
export function newReference(): string {
  const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const eight = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join('')
  return `${eight.slice(0, 4)}-${eight.slice(4)}`
}

const connectedApps: Action = { text: 'See connected apps', href: '/connections' }

function wordsOf(facts: ErrorFacts, bankName: string): Words {
  const app = facts.appName === undefined ? 'the app' : foreignName(facts.appName, 'the app')
  const link = foreignLink(facts.appUri)
  const toApp: readonly Action[] = link === undefined ? [] : [{ text: `Go to ${app}`, href: link }]
  const onward: readonly Action[] =
    facts.continueAt === undefined ? [] : [{ text: `Go back to ${app}`, href: facts.continueAt }]
  const all: Record<Situation, Words> = {
    'expired-link': {
      status: 400,
      heading: 'This link has expired',
      text: [
        `Links like this work once, for a few minutes, and only in the browser where you started.`,
        `Go back to ${app} and start again. Unless you had already chosen to share, nothing has been shared.`,
      ],
      actions: [...toApp, connectedApps],
    },
    finished: {
      status: 409,
      heading: 'You have already finished this',
      text: [
        'Your choice has been recorded. It has not been changed.',
        'You can see what you share, and stop it at any time, in connected apps.',
      ],
      actions: [...onward, connectedApps],
    },
    'cookies-blocked': {
      status: 400,
      heading: 'Your browser is blocking cookies',
      text: [
        `Allow cookies for this site in your browser’s settings, then go back to ${app} and start again.`,
        `${bankName} needs them only to know that it is still you. Nothing has been shared.`,
      ],
      actions: toApp,
    },
    'unusable-request': {
      status: 400,
      heading: `${sentenceStart(app)} sent us a request we cannot use`,
      text: [`This is a fault at ${app}, not yours. Nothing has been shared.`, 'Tell them this code:'],
      actions: toApp,
      showsReference: true,
    },
    'third-party-suspended': {
      status: 403,
      heading: `${sentenceStart(app)} cannot connect right now`,
      text: ['Nothing has been shared. Try again later, or call us if you have questions.'],
      actions: [connectedApps],
    },
    unavailable: {
      status: 503,
      heading: 'Sorry, there is a problem with the service',
      text: ['Nothing has been changed. Wait a minute, then try again.'],
      actions: facts.continueAt === undefined ? [] : [{ text: 'Try again', href: facts.continueAt }],
    },
    'not-found': {
      status: 404,
      heading: 'Page not found',
      text: [
        'If you typed the web address, check that it is correct.',
        'If you pasted it, check that you copied all of it.',
      ],
      actions: [{ text: `Go to the start of ${bankName} connected apps`, href: '/' }],
    },
    'forged-form': {
      status: 403,
      heading: 'We could not accept that',
      text: [
        'What your browser sent did not come from a page we made for you, or the page was too old.',
        'Nothing has been changed. Go back, reload the page and try again.',
      ],
      actions: [connectedApps],
    },
    'unreadable-form': {
      status: 400,
      heading: 'We could not read that',
      text: ['Nothing has been changed. Go back, reload the page and try again.'],
    },
    framed: {
      status: 403,
      heading: 'This page does not open inside another page',
      text: [`For your security, open ${bankName} in a window of its own.`],
    },
    fault: {
      status: 500,
      heading: 'Sorry, there is a problem with the service',
      text: ['Try again later. If it goes on, call us and tell us this code:'],
      showsReference: true,
    },
  }
  return all[facts.situation]
}

function sentenceStart(words: string): string {
  return words === 'the app' ? 'The app' : words
}
