import type { Context } from 'koa'
import type { Layout } from './layout.ts'
import type { FieldProblem } from './notes.ts'

/** A button that leads out of a journey, in a form of its own. */
interface CancelForm {
  readonly action: string
  readonly token: string
  readonly label: string
}

interface Frame {
  readonly formTarget?: string
  readonly cancel?: CancelForm
}

export interface SignInFacts extends Frame {
  readonly heading: string
  /** The app that asks; empty where the customer came by themselves. */
  readonly appName: string
  /** Where the customer is, and who does not see what they type. */
  readonly trust: string
  readonly action: string
  readonly token: string
  /** True when somebody was signed in here and was away for too long. */
  readonly signedOut: boolean
  /** What was typed before; the password never is. */
  readonly login: string
  readonly problems: readonly FieldProblem[]
}

/** S1: customer number and password. */
export function showSignIn(layout: Layout, ctx: Context, facts: SignInFacts): void {
  const { heading, formTarget, cancel, ...rest } = facts
  layout.show(ctx, {
    view: 'sign-in',
    heading,
    hasProblems: facts.problems.length > 0,
    ...(formTarget === undefined ? {} : { formTarget }),
    facts: { ...rest, cancel: cancel ?? null },
  })
}

export interface CodeFacts extends Frame {
  readonly appName: string
  readonly action: string
  readonly token: string
  readonly problems: readonly FieldProblem[]
}

/** S2: one text field for the code. */
export function showCode(layout: Layout, ctx: Context, facts: CodeFacts): void {
  const { formTarget, cancel, ...rest } = facts
  layout.show(ctx, {
    view: 'code',
    heading: 'Confirm it is you',
    hasProblems: facts.problems.length > 0,
    ...(formTarget === undefined ? {} : { formTarget }),
    facts: { ...rest, cancel: cancel ?? null },
  })
}

/** S10: five tries in a row have failed. Says the same for customers that do not exist. */
export function showLocked(layout: Layout, ctx: Context, facts: Frame & { readonly until: Date }): void {
  layout.show(ctx, {
    view: 'locked',
    heading: `Sign-in is locked until ${layout.dates.time(facts.until)}`,
    status: 423,
    ...(facts.formTarget === undefined ? {} : { formTarget: facts.formTarget }),
    facts: { until: layout.dates.moment(facts.until), cancel: facts.cancel ?? null },
  })
}
