import { createHash } from 'node:crypto'
import Provider from 'oidc-provider'
import { type JsonObject, readableName, type SoftwareStatement } from '../domain/third-party.ts'
import type { Change, Ledger } from './ports.ts'
import { unitOfWork } from './unit-of-work.ts'

/** Makes a third party of a verified statement and the metadata that the engine accepted. */
export interface Registrations {
  register(clientId: string, metadata: JsonObject): Promise<void>
}

export function openRegistrations(ledger: Ledger, now: () => Date): Registrations {
  return {
    register: async (clientId, metadata) => {
      const statement = verifiedStatement()
      const unit = unitOfWork()
      unit.change('software statement', spent(ledger, statement))
      const changes = await ledger.insertThirdParty(statement, {
        clientId,
        softwareId: statement.softwareId,
        name: readableName(statement.softwareName),
        roles: statement.roles,
        standing: 'active',
        securityProfile: 'fapi2',
        registeredAt: now(),
        metadata,
        ...(statement.clientUri && { clientUri: statement.clientUri }),
      })
      for (const [index, change] of changes.entries()) unit.change(`client ${clientId} ${index}`, change)
      unit.tell({
        type: 'third-party.registered',
        actor: 'third-party',
        at: now(),
        clientId,
        facts: {
          directory: statement.issuer,
          organisation: statement.organisationId,
          software: statement.softwareId,
          roles: statement.roles,
        },
      })
    },
  }
}

/** Left on the request by the registration door, which is the only way to the engine's route. */
function verifiedStatement(): SoftwareStatement {
  const registration = Provider.ctx?.state.registration as
    | { readonly statement: SoftwareStatement }
    | undefined
  if (registration === undefined) throw new Error('a client was stored without a verified software statement')
  return registration.statement
}

/** Longer than any statement is taken after it was made (registration/statement-signature.ts). Milliseconds. */
const REMEMBERED = 2 * 60 * 60 * 1000

/** A statement is used once, in the commit that registers its third party: a failure before that costs nothing. */
function spent(ledger: Ledger, { issuer, jti, issuedAt }: SoftwareStatement): Change {
  const key = createHash('sha256').update(`software-statement\0${issuer}\0${jti}`, 'utf8').digest()
  return ledger.spendLater(key, new Date(issuedAt.getTime() + REMEMBERED))
}
