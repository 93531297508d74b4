import { type Html, html } from '../html.ts'
import type { AccountData } from './account-data.ts'

/** One card per account: what it is, what is on it, what happened last. */
export function accountCards(accounts: readonly AccountData[]): Html {
  if (accounts.length === 0)
    return html`<p class="empty">There is nothing to show yet. Try to refresh the data.</p>`
  return html`<div class="accounts">${accounts.map(card)}</div>`
}

function card(account: AccountData): Html {
  const balance = account.balances.find(({ type }) => type.endsWith('Available')) ?? account.balances[0]
  return html`<article class="account">
<h2>${account.nickname}</h2>
<p class="kind">${kinds[account.type] ?? account.type}${account.identification && ` · ${masked(account.identification.value)}`}</p>
${account.holderName && html`<p class="kind">${account.holderName}</p>`}
${balance && html`<p class="balance"><strong>${money(balance.amount, balance.currency)}</strong> available</p>`}
${rows(account)}
</article>
`
}

const kinds: Readonly<Record<string, string>> = {
  current: 'Current account',
  savings: 'Savings account',
  'credit-card': 'Credit card',
}

function rows({ transactions }: AccountData): Html {
  if (transactions.length === 0) return html`<p class="empty">No transactions in the last 30 days.</p>`
  return html`<h3>Latest transactions</h3>
<ul class="rows">${transactions.map(
    (row) => html`<li><span class="what">${row.description ?? 'Transaction'}
<small>${day(row.bookedAt)}${row.status === 'pending' && ' · pending'}</small></span>
<span class="${row.amount.startsWith('-') ? 'out' : 'in'}">${money(row.amount, row.currency)}</span></li>
`,
  )}</ul>`
}

/** The last four digits only: the whole number is nobody's business over a shoulder. */
function masked(number: string): string {
  return `····${number.slice(-4)}`
}

function money(amount: string, currency: string): string {
  // Intl takes decimal strings as they are, without a detour through binary fractions; its type says number.
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(amount as unknown as number)
}

function day(at: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'long',
    timeZone: 'Europe/London',
  }).format(new Date(at))
}
