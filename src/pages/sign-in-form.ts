import type { FieldProblem } from './notes.ts'

/** What was typed on the sign-in page: either worth checking, or words about what is missing. */
export type TypedSignIn =
  | { readonly complete: true; readonly login: string; readonly password: string }
  | { readonly complete: false; readonly login: string; readonly problems: readonly FieldProblem[] }

export function readSignIn(form: URLSearchParams): TypedSignIn {
  const login = (form.get('login') ?? '').replace(/\s+/g, '').slice(0, 40)
  const password = form.get('password') ?? ''
  const problems = [
    login === '' && { field: 'login', text: 'Enter your customer number' },
    login !== '' &&
      !/^[A-Za-z0-9-]+$/.test(login) && {
        field: 'login',
        text: 'Enter your customer number as it stands on your card',
      },
    password === '' && { field: 'password', text: 'Enter your password' },
  ].filter((problem) => problem !== false)
  if (problems.length > 0) return { complete: false, login, problems }
  return { complete: true, login, password }
}

/** One message for both fields: which one was wrong is never told (RTS Art. 4(3)(a)). */
export function signInRefused(triesLeft: number): readonly FieldProblem[] {
  return [
    { field: 'login', text: `Check your customer number and password and try again. ${tries(triesLeft)}` },
  ]
}

/** What was typed as a code: six digits, however they were spaced; or words about it. */
export function readCode(
  form: URLSearchParams,
): { readonly code: string } | { readonly problems: readonly FieldProblem[] } {
  const code = (form.get('code') ?? '').replace(/[\s-]/g, '')
  if (code === '')
    return { problems: [{ field: 'code', text: 'Enter the code from your authenticator app' }] }
  if (!/^\d{6}$/.test(code)) return { problems: [{ field: 'code', text: 'The code must be 6 numbers' }] }
  return { code }
}

export function codeRefused(triesLeft: number): readonly FieldProblem[] {
  return [{ field: 'code', text: `Check the code and try again. Each code works once. ${tries(triesLeft)}` }]
}

/** RTS Art. 4(4): the customer is alerted before the block. */
function tries(left: number): string {
  if (left === 1) return 'This is your last try before we lock sign-in for 15 minutes.'
  return `You have ${left} tries left before we lock sign-in for 15 minutes.`
}
