import type { AuditEvent } from '../domain/audit-event.ts'
import type { SoftwareStatement, ThirdParty } from '../domain/third-party.ts'
import type { AuditTrail } from './audit.ts'
import * as consents from './consents.ts'
import type { Database } from './database.ts'
import * as grants from './grants.ts'
import * as interactions from './interactions.ts'
import { subjectOf } from './mappings.ts'
import * as oneTime from './one-time.ts'
import { openSharedCommits } from './shared-commits.ts'
import * as thirdParties from './third-parties.ts'
import * as tokens from './tokens.ts'
import type { Write } from './writes.ts'

/** Everything the authorization server asks of the store, over one database and one audit trail. */
export function openLedger(database: Database, audit: AuditTrail) {
  const { find: findToken } = tokens.openTokens(database)
  const { spend } = oneTime.openReplays(database)
  const commit = openSharedCommits(database)
  return {
    ...consents,
    ...grants,
    ...interactions,
    ...oneTime,
    ...thirdParties,
    ...tokens,
    commit,
    auditRow: (event: AuditEvent) => audit.row(event),
    findToken,
    spend,
    findThirdParty: (clientId: string) => thirdParties.findThirdParty(database, clientId),
    findResourceServer: (clientId: string) => thirdParties.findResourceServer(database, clientId),
    listResourceServers: () => thirdParties.listResourceServers(database),
    insertThirdParty: async (
      statement: SoftwareStatement,
      thirdParty: Omit<ThirdParty, 'organisation'>,
    ): Promise<readonly Write[]> => {
      const { organisation, change } = await thirdParties.organisationOf(database, statement)
      return [change, thirdParties.insertThirdParty({ ...thirdParty, organisation })]
    },
    findOneTime: (kind: oneTime.OneTimeKind, value: string) => oneTime.findOneTime(database, kind, value),
    findInteraction: (uid: string, now: Date) => interactions.findInteraction(database, uid, now),
    savePasswordAccepted: (uid: string, customerId: string, now: Date) =>
      interactions.savePasswordAccepted(database, uid, customerId, now),
    saveFactorAccepted: (uid: string, customerId: string, amr: readonly string[], now: Date) =>
      interactions.saveFactorAccepted(database, uid, customerId, amr, now),
    touchInteraction: (uid: string, now: Date) => interactions.touchInteraction(database, uid, now),
    findConsent: (id: string) => consents.findConsent(database, id),
    findGrant: (grantId: string) => grants.findGrant(database, grantId),
    subjectOf: (organisationId: string, customerId: string) =>
      subjectOf(database, organisationId, customerId),
  }
}
