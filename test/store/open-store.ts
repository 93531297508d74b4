import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { type AuthorisedConsent, type AwaitingConsent, authorise } from '../../src/domain/consent.ts'
import type { Customer } from '../../src/domain/customer.ts'
import type { ThirdParty } from '../../src/domain/third-party.ts'
import { type AuditTrail, openAuditTrail } from '../../src/store/audit.ts'
import { insertConsent, saveAuthorised } from '../../src/store/consents.ts'
import { insertCustomer } from '../../src/store/customers.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { insertGrant } from '../../src/store/grants.ts'
import { insertThirdParty, organisationOf } from '../../src/store/third-parties.ts'
import { insertToken } from '../../src/store/tokens.ts'
import { commit } from '../../src/store/writes.ts'
import { freshDatabase } from '../support/run.ts'

export const now = new Date('2026-05-01T12:00:00Z')
export const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000)

/** One Postgres with two pools, as two processes have it. */
export interface Store {
  readonly url: string
  readonly one: Database
  readonly other: Database
  readonly audit: AuditTrail
  /** Turn by turn, for races. */
  readonly either: (turn: number) => Database
  close(): Promise<void>
}

export async function openStore(): Promise<Store> {
  const url = await freshDatabase()
  const settings = { url, poolSize: 10, acquireTimeoutMs: 5_000, statementTimeoutMs: 5_000 }
  const [one, other] = [openDatabase(settings), openDatabase(settings)]
  return {
    url,
    one,
    other,
    audit: await openAuditTrail(one),
    either: (turn) => (turn % 2 === 0 ? one : other),
    close: async () => {
      await Promise.all([one.close(), other.close()])
    },
  }
}

export async function addThirdParty(database: Database, name = 'Acme Budget'): Promise<ThirdParty> {
  const { organisation, change } = await organisationOf(database, {
    issuer: 'https://directory.test',
    jti: randomUUID(),
    issuedAt: now,
    softwareId: 'software',
    softwareName: name,
    organisationId: name,
    organisationName: `${name} Ltd`,
    roles: ['AISP'],
    redirectUris: [],
    keys: { jwks: { keys: [] } },
  })
  const thirdParty: ThirdParty = {
    clientId: randomBytes(16).toString('base64url'),
    organisation,
    softwareId: 'software',
    name,
    roles: ['AISP'],
    standing: 'active',
    securityProfile: 'fapi2',
    registeredAt: now,
    metadata: {},
  }
  await commit(database, [change, insertThirdParty(thirdParty)])
  return thirdParty
}

export async function addCustomer(database: Database): Promise<Customer> {
  const customer = {
    id: randomUUID(),
    customerNumber: randomBytes(6).toString('hex'),
    bankCustomerId: `bank-${randomBytes(4).toString('hex')}`,
    name: 'Test Customer',
  }
  await commit(database, [insertCustomer(customer, { passwordHash: 'x', totpSecret: 'x' }, now)])
  return customer
}

export function awaitingConsent(clientId: string, createdAt = now): AwaitingConsent {
  return {
    id: randomUUID(),
    clientId,
    kind: 'inline',
    state: 'awaiting',
    createdAt,
    terms: { permissions: ['ReadAccountsBasic'], expiresAt: later(180 * 86_400) },
  }
}

/** A consent with its grant and an access token, as they stand after a journey. */
export interface Shared {
  readonly consent: AuthorisedConsent
  readonly token: string
}

export async function addShared(database: Database, clientId: string, customerId: string): Promise<Shared> {
  const asked = awaitingConsent(clientId)
  await commit(database, [insertConsent(asked)])
  const accounts = [{ accountId: 'a1', bankAccountId: 'b1' }]
  const consent = authorise(asked, { customerId, accounts, grantId: asked.id }, now)
  const token = randomBytes(32).toString('base64url')
  await commit(database, [
    saveAuthorised(consent),
    insertGrant({ id: asked.id, clientId, expiresAt: consent.terms.expiresAt, payload: {} }),
  ])
  const access = { value: token, kind: 'access', clientId, grantId: asked.id, issuedAt: now } as const
  await commit(database, [insertToken({ ...access, expiresAt: later(300), payload: { jkt: 'thumb' } })])
  return { consent, token }
}

export function anEvent(more: Partial<AuditEvent> = {}): AuditEvent {
  return { type: 'request.pushed', actor: 'third-party', at: now, ...more }
}

/** How many settled as they should: fulfilled with true or without value, and refused. */
export async function outcomes(race: readonly Promise<unknown>[]): Promise<{ won: number; lost: number }> {
  const settled = await Promise.allSettled(race)
  const won = settled.filter((one) => one.status === 'fulfilled' && one.value !== false).length
  return { won, lost: settled.length - won }
}
