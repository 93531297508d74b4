import { type Html, html } from '../html.ts'
import { accountCards } from './account-view.ts'
import type { Session } from './sessions.ts'
import { stepList } from './step-view.ts'

export interface Names {
  readonly app: string
  readonly bank: string
}

/** The whole page: the app as its customer sees it, and beside it what happens underneath. */
export function page(names: Names, session: Session | undefined): string {
  const steps = session?.steps.all() ?? []
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${names.app}</title>
<link rel="stylesheet" href="/app.css">
</head>
<body>
<header><p class="brand"><span class="mark" aria-hidden="true"></span>${names.app}</p>
<p class="demo">A demonstration. No real bank, no real money.</p></header>
<div class="columns">
<main id="app">
${notice(session)}
${session?.connection ? connected(names, session) : invitation(names)}
</main>
<section id="steps" aria-labelledby="steps-title">
<h2 id="steps-title">What happened underneath</h2>
<p class="hint">Every request between ${names.app} and ${names.bank}, as it was sent and answered. Tokens and codes are
cut to six characters; JWTs are taken apart, without their signatures.</p>
${steps.length === 0 ? html`<p class="empty">Nothing yet. Connect ${names.bank} to see the first steps.</p>` : stepList(steps)}
</section>
</div>
</body>
</html>
`.toString()
}

function notice(session: Session | undefined): Html | undefined {
  if (session?.notice === undefined) return undefined
  const { kind, text } = session.notice
  const role = kind === 'done' ? 'status' : 'alert'
  return html`<div class="notice ${kind}" role="${role}" id="notice"><p>${text}</p></div>`
}

function invitation({ app, bank }: Names): Html {
  return html`<h1>See where your money goes</h1>
<p class="lead">${app} shows your accounts in one place, so that you know what is left before payday.</p>
${button('/connect', `Connect ${bank}`, 'primary')}
<ul class="promises">
<li>You sign in at ${bank}. ${app} never sees your password.</li>
<li>You choose which accounts to share.</li>
<li>You can stop at any time, here or at ${bank}.</li>
</ul>`
}

function connected({ app, bank }: Names, session: Session): Html {
  return html`<h1>Your accounts</h1>
<p class="lead">From ${bank}${session.readAt && html`, read on <time datetime="${session.readAt}">${moment(session.readAt)}</time>`}.</p>
<div class="actions">${button('/refresh', 'Refresh data', 'primary')}${button('/forget', 'Forget', 'secondary')}</div>
<p class="hint">Forget removes everything from ${app} and tells ${bank} that its access is not wanted any more.</p>
${accountCards(session.accounts)}`
}

function button(action: string, label: string, rank: 'primary' | 'secondary'): Html {
  const id = action.slice(1)
  return html`<form method="post" action="${action}"><button type="submit" id="${id}" class="${rank}">${label}</button></form>`
}

/** "22 November 2026, 15:04 (GMT)" */
function moment(at: string): string {
  const [day, time] = ['date', 'time'].map((part) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone: 'Europe/London',
      ...(part === 'date'
        ? { day: 'numeric', month: 'long', year: 'numeric' }
        : { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }),
    }).format(new Date(at)),
  )
  return `${day}, ${time?.replace(/ (\S+)$/, ' ($1)')}`
}
