import type { Context } from 'koa'
import type { CustomerParts } from './customer-session.ts'

/** GET /: what this place is, and the way to connected apps. */
export function connectedAppsStart({ layout, notes }: CustomerParts, ctx: Context): void {
  const note = notes.take(ctx, '/')
  layout.show(ctx, {
    view: 'start',
    heading: `Apps and services connected to ${layout.brand.bankName}`,
    facts: { signedOut: note?.kind === 'signed-out', domain: layout.brand.domain },
  })
}
