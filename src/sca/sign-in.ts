import { createHmac } from 'node:crypto'
import type { AuditEvent } from '../domain/audit-event.ts'
import { type Customer, LOCK_SECONDS } from '../domain/customer.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { CredentialStore, Credentials } from './ports.ts'
import { stepOfCode } from './totp.ts'

type SignInResult =
  | { readonly outcome: 'accepted'; readonly customer: Customer }
  | { readonly outcome: 'refused'; readonly triesLeft: number }
  | { readonly outcome: 'locked'; readonly until: Date }

export interface SignIn {
  /** The first factor. `accepted` here is half a sign-in: failures in a row still count. */
  password(customerNumber: string, password: string): Promise<SignInResult>
  /** The second factor, after the first. `accepted` forgets the failures in a row. */
  code(customerId: string, code: string): Promise<SignInResult>
}

export interface SignInParts {
  readonly credentials: CredentialStore
  readonly hasher: PasswordHasher
  readonly now: () => Date
  /** Keys the attempt counters, so that what was typed as a customer number cannot be read from the database. */
  readonly attemptSecret: Buffer
  readonly audit?: (event: AuditEvent) => Promise<void>
}

/**
 * RTS Art. 4(3): not more than five failed attempts in a row, over both factors together, and never a word about
 * which one was wrong. Unknown, barred and locked customers get the answers of known ones, after the same work.
 * All throw Problem `unavailable` when the store or the hasher cannot answer now.
 */
export function openSignIn(parts: SignInParts): SignIn {
  return {
    password: (customerNumber, password) => checkPassword(parts, customerNumber.trim(), password),
    code: (customerId, code) => checkCode(parts, customerId, code.replace(/[\s-]/g, '')),
  }
}

/** The counter's key for one customer number; operators use it to lift a lock. */
export function attemptKey(attemptSecret: Buffer, customerNumber: string): Buffer {
  return createHmac('sha256', attemptSecret)
    .update('sign-in-attempts\0')
    .update(customerNumber.toLowerCase())
    .digest()
}

async function checkPassword(parts: SignInParts, typed: string, password: string): Promise<SignInResult> {
  const known = await parts.credentials.byNumber(typed)
  const key = attemptKey(parts.attemptSecret, known?.customer.customerNumber ?? typed)
  const attempt = await parts.credentials.countAttempt(key, parts.now())
  const verifiable = attempt.allowed ? known : undefined
  const right = await checked(parts, verifiable, password).catch(async (error) => {
    // Too many at once: nothing was verified, so nothing is counted against the customer.
    if (attempt.allowed) await parts.credentials.takeBack(key)
    throw error
  })
  if (!attempt.allowed) return { outcome: 'locked', until: attempt.until }
  if (!known || !right || known.blocked) return failed(parts, known, attempt.triesLeft)
  await parts.credentials.takeBack(key)
  return { outcome: 'accepted', customer: known.customer }
}

/** Nobody's password takes as long to check as somebody's. */
function checked(
  { hasher }: SignInParts,
  known: Credentials | undefined,
  password: string,
): Promise<boolean> {
  return known ? hasher.verify(known.passwordHash, password) : hasher.decoy(password)
}

async function checkCode(parts: SignInParts, customerId: string, code: string): Promise<SignInResult> {
  const known = await parts.credentials.byId(customerId)
  const key = attemptKey(parts.attemptSecret, known?.customer.customerNumber ?? customerId)
  const attempt = await parts.credentials.countAttempt(key, parts.now())
  if (!attempt.allowed) return { outcome: 'locked', until: attempt.until }
  if (!known || known.blocked || !(await isFreshCode(parts, known, code)))
    return failed(parts, known, attempt.triesLeft)
  await parts.credentials.succeeded(key)
  await record(parts, 'customer.authenticated', known)
  return { outcome: 'accepted', customer: known.customer }
}

/** RFC 6238 §5.2: "The verifier MUST NOT accept the second attempt of the OTP after the successful validation". */
async function isFreshCode(parts: SignInParts, known: Credentials, code: string): Promise<boolean> {
  const step = await stepOfCode(known.totpSecret, code, parts.now())
  return step !== undefined && (await parts.credentials.spendTotpStep(known.customer.id, step))
}

async function failed(
  parts: SignInParts,
  known: Credentials | undefined,
  triesLeft: number,
): Promise<SignInResult> {
  const locks = triesLeft <= 0
  if (known) await record(parts, locks ? 'customer.locked' : 'customer.authentication-failed', known)
  if (!locks) return { outcome: 'refused', triesLeft }
  return { outcome: 'locked', until: new Date(parts.now().getTime() + LOCK_SECONDS * 1000) }
}

async function record(
  parts: SignInParts,
  type: 'customer.authenticated' | 'customer.authentication-failed' | 'customer.locked',
  known: Credentials,
): Promise<void> {
  await parts.audit?.({ type, actor: 'customer', at: parts.now(), customerId: known.customer.id })
}
