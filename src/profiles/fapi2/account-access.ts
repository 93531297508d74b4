import type { ConsentTerms, Permission } from '../../domain/consent.ts'
import { Problem } from '../../domain/problem.ts'
import type { Json, JsonObject } from '../../domain/third-party.ts'
import type { AuthorizationParameters, ConsentRequest } from '../profile.ts'
import { accountPermissions, defaultBundle, isAccountPermission } from './permissions.ts'

/** Our RFC 9396 type: a consent to read accounts, described inline. */
export const ACCOUNT_ACCESS = 'account_access'

const DAY = 24 * 60 * 60 * 1000
/** A consent without an `expires_at` lasts this long; none may last longer. Days. */
const DEFAULT_DAYS = 180
const LONGEST_DAYS = 731
const fields = new Set([
  'type',
  'permissions',
  'accounts',
  'expires_at',
  'transactions_from',
  'transactions_to',
])

/** RFC 9396 §5: unknown fields, wrong types and wrong values are refused, each in a sentence. */
export function validateDetail(detail: JsonObject, now: Date): void {
  readTerms(detail, now)
}

/**
 * At most one `account_access` element says what is asked for. Without one, scope `accounts` means the documented
 * default bundle; without that either, the request asks for identity alone (no permissions).
 */
export function consentRequest(parameters: AuthorizationParameters, now: Date): ConsentRequest {
  const [detail, ...more] = parameters.authorizationDetails
  if (more.length > 0)
    throw invalid('one request may describe one consent: send a single account_access element')
  if (detail !== undefined) return { kind: 'inline', terms: readTerms(detail, now) }
  const permissions = parameters.scope.includes('accounts') ? defaultBundle : []
  return {
    kind: 'inline',
    terms: { permissions, expiresAt: new Date(now.getTime() + DEFAULT_DAYS * DAY) },
  }
}

/** RFC 9396 §7 and §7.1: what was granted, enriched with the accounts the customer chose. */
export function grantedDetails(terms: ConsentTerms, accountIds: readonly string[]): readonly JsonObject[] {
  if (terms.permissions.length === 0) return []
  return [
    {
      type: ACCOUNT_ACCESS,
      permissions: terms.permissions,
      accounts: accountIds,
      expires_at: terms.expiresAt.toISOString(),
      ...(terms.transactionsFrom && { transactions_from: terms.transactionsFrom.toISOString() }),
      ...(terms.transactionsTo && { transactions_to: terms.transactionsTo.toISOString() }),
    },
  ]
}

function readTerms(detail: JsonObject, now: Date): ConsentTerms {
  if (detail.type !== ACCOUNT_ACCESS) throw invalid('type must be account_access')
  const unknown = Object.keys(detail).find((field) => !fields.has(field))
  if (unknown !== undefined) throw invalid(`${quoted(unknown)} is not a field of account_access`)

  const permissions = readPermissions(detail.permissions)
  const requestedAccounts = detail.accounts === undefined ? undefined : readAccounts(detail.accounts)
  const transactionsFrom = readDate(detail, 'transactions_from')
  const transactionsTo = readDate(detail, 'transactions_to')
  if (transactionsFrom && transactionsTo && transactionsFrom > transactionsTo)
    throw invalid('transactions_from must not be later than transactions_to')

  const expiresAt = readDate(detail, 'expires_at') ?? new Date(now.getTime() + DEFAULT_DAYS * DAY)
  if (expiresAt <= now) throw invalid('expires_at must be in the future')
  if (expiresAt.getTime() - now.getTime() > LONGEST_DAYS * DAY)
    throw invalid(`expires_at must be at most ${LONGEST_DAYS} days ahead`)

  return {
    permissions,
    expiresAt,
    ...(requestedAccounts && { requestedAccounts }),
    ...(transactionsFrom && { transactionsFrom }),
    ...(transactionsTo && { transactionsTo }),
  }
}

function readPermissions(value: Json | undefined): readonly Permission[] {
  const given = readStrings(value, 'permissions')
  if (given.length === 0) throw invalid('permissions must name at least one permission')
  const unknown = given.find((permission) => !isAccountPermission(permission))
  if (unknown !== undefined)
    throw invalid(`permissions holds ${quoted(unknown)}; known are ${accountPermissions.join(', ')}`)
  const held = new Set(given)
  const readsTransactions = held.has('ReadTransactionsBasic') || held.has('ReadTransactionsDetail')
  const hasDirection = held.has('ReadTransactionsCredits') || held.has('ReadTransactionsDebits')
  // Open Banking R/W, permission rules: transactions need a level of detail and a direction, both or neither.
  if (readsTransactions !== hasDirection)
    throw invalid(
      'transactions need ReadTransactionsBasic or ReadTransactionsDetail together with ReadTransactionsCredits or ReadTransactionsDebits',
    )
  if (!held.has('ReadAccountsBasic') && !held.has('ReadAccountsDetail'))
    throw invalid('permissions must hold ReadAccountsBasic or ReadAccountsDetail')
  return accountPermissions.filter((permission) => held.has(permission))
}

function readAccounts(value: Json): readonly string[] {
  const accounts = readStrings(value, 'accounts')
  if (accounts.length === 0) throw invalid('accounts must name at least one account, or be left out')
  if (accounts.some((account) => !/^[A-Za-z0-9_-]{1,64}$/.test(account)))
    throw invalid('accounts must hold AccountIds that this bank gave you')
  return accounts
}

function readStrings(value: Json | undefined, field: string): readonly string[] {
  if (!Array.isArray(value) || value.length > 100 || !value.every((item) => typeof item === 'string'))
    throw invalid(`${field} must be an array of strings`)
  if (new Set(value).size !== value.length) throw invalid(`${field} must not repeat a value`)
  return value
}

const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$/

function readDate(detail: JsonObject, field: string): Date | undefined {
  const value = detail[field]
  if (value === undefined) return undefined
  const date = typeof value === 'string' && dateTime.test(value) ? new Date(value) : undefined
  if (date === undefined || Number.isNaN(date.getTime()))
    throw invalid(`${field} must be an RFC 3339 date and time, such as 2027-05-31T23:59:59Z`)
  return date
}

/** RFC 6749 §5.2: an error_description has printable ASCII alone, neither quotation mark nor backslash. */
function quoted(value: string): string {
  return `'${value.slice(0, 40).replace(/[^\x20-\x7e]|["'\\]/g, '?')}'`
}

function invalid(sentence: string): Problem {
  return new Problem('invalid-authorization-details', sentence)
}
