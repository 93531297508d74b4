import type { Context } from 'koa'
import type { Cookies } from './cookies.ts'
import type { Sealer } from './sealed.ts'

/** Words for one field of a form. */
export interface FieldProblem {
  readonly field: string
  readonly text: string
}

/** What one page has to say to the next: every post ends in a redirect, so that "reload" never posts again. */
export type Note =
  | { readonly kind: 'problems'; readonly problems: readonly FieldProblem[]; readonly login?: string }
  | { readonly kind: 'locked'; readonly until: string }
  | { readonly kind: 'signed-out'; readonly idle: boolean }
  | { readonly kind: 'not-recognised' }

export interface Notes {
  /** For the page at `place` (a path), read once, forgotten after two minutes. */
  leave(ctx: Context, place: string, note: Note): void
  take(ctx: Context, place: string): Note | undefined
}

const SECONDS = 120

export function openNotes(parts: {
  readonly cookies: Cookies
  readonly sealer: Sealer
  readonly now: () => Date
}): Notes {
  const { cookies, sealer, now } = parts
  return {
    leave: (ctx, place, note) => {
      const until = new Date(now().getTime() + SECONDS * 1000)
      cookies.write(ctx, 'note', sealer.seal(place, note, until), SECONDS)
    },
    take: (ctx, place) => {
      // sealed by us as a Note
      const note = sealer.open(place, cookies.read(ctx, 'note'), now()) as Note | undefined
      if (note) cookies.clear(ctx, 'note')
      return note
    },
  }
}
