import { type Command, InvalidArgumentError } from 'commander'
import { Problem } from '../domain/problem.ts'
import type { JsonObject } from '../domain/third-party.ts'
import type { AuditFilter, AuditRow } from '../store/audit.ts'
import { findCustomerByNumber } from '../store/customers.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns } from './columns.ts'
import { type Registers, withRegisters } from './registers.ts'

interface Options {
  readonly consent?: string
  readonly thirdParty?: string
  readonly customer?: string
  readonly limit: number
}

const MOST = 10_000

/** `postern audit …`: what happened. */
export function addAudit(program: Command, shell: Shell): void {
  const group = program
    .command('audit')
    .summary('read the audit trail')
    .description('The audit trail: what was done, by whom, when. It is never changed.')
  const list = group
    .command('list')
    .description('List the latest events, oldest first. Several filters: events that fit all of them.')
    .option('--consent <id>', 'of one consent')
    .option('--third-party <client_id>', 'of one third party')
    .option('--customer <number>', 'of one customer, by customer number')
    .option('--limit <n>', `how many at most, up to ${MOST}`, limit, 50)
  const consent = '0b0f3f5e-4f0e-4d8e-9b42-60a1d1a3c0de'
  answering(
    list,
    shell,
    [`audit list --consent ${consent}`, 'audit list --customer 1000000001 --limit 200'],
    () =>
      withRegisters(shell, async (registers) => {
        const filter = await filterOf(registers, list.opts<Options>())
        return listed(await registers.audit.list(filter))
      }),
  )
}

function limit(value: string): number {
  const number = Number(value)
  if (/^\d+$/.test(value) && number >= 1 && number <= MOST) return number
  throw new InvalidArgumentError(`It must be a whole number, 1 to ${MOST}.`)
}

async function filterOf({ database }: Registers, options: Options): Promise<AuditFilter> {
  const { consent, thirdParty, customer } = options
  if (consent !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(consent))
    throw new Problem('invalid-request', 'A consent id looks like 0b0f3f5e-4f0e-4d8e-9b42-60a1d1a3c0de.')
  const known = customer === undefined ? undefined : await findCustomerByNumber(database, customer)
  if (customer !== undefined && known === undefined)
    throw new Problem('not-found', 'There is no customer with this number. See `postern customers list`.')
  return {
    limit: options.limit,
    ...(consent !== undefined && { consentId: consent }),
    ...(thirdParty !== undefined && { clientId: thirdParty }),
    ...(known !== undefined && { customerId: known.id }),
  }
}

function listed(rows: readonly AuditRow[]): Answer {
  const lines = rows.map((row) => [
    row.at.toISOString(),
    row.type,
    row.actor,
    row.clientId ?? '-',
    row.consentId ?? '-',
    words(factsOf(row)),
  ])
  return {
    lines:
      lines.length > 0
        ? columns(['AT', 'WHAT', 'BY', 'THIRD PARTY', 'CONSENT', 'FACTS'], lines)
        : ['Nothing of this kind is in the audit trail yet.'],
    json: rows.map(({ canonical, ...row }) => ({ ...row, facts: factsOf({ canonical }), canonical })),
  }
}

function factsOf({ canonical }: Pick<AuditRow, 'canonical'>): JsonObject {
  // Our own canonical JSON, read back.
  const { facts = {} } = JSON.parse(canonical) as { readonly facts?: JsonObject }
  return facts
}

function words(facts: JsonObject): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
