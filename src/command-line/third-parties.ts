import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { AuditType } from '../domain/audit-event.ts'
import { Problem } from '../domain/problem.ts'
import { readableName, type Standing, type ThirdParty } from '../domain/third-party.ts'
import { fapi2 } from '../profiles/fapi2/index.ts'
import {
  findThirdParty,
  insertThirdParty,
  listThirdParties,
  organisationOf,
  saveStanding,
} from '../store/third-parties.ts'
import { countUsableConsents, endConsentsOf } from '../store/third-party-removal.ts'
import { commit } from '../store/writes.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns } from './columns.ts'
import { type Registers, withRegisters } from './registers.ts'
import { OPERATOR, readThirdPartyFile } from './third-party-file.ts'

const addHelp = `
The file is a JSON object:
  client_name, software_id, organisation { id, name }
  roles                 some of AISP, PISP, CBPII
  redirect_uris         https addresses, compared byte by byte
  jwks                  { keys }, public halves only
  dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens: true, exactly one
  and, if wanted, client_uri, scope, grant_types, and others of RFC 7591`

/** `postern third-parties …`: those whom an operator vouches for, and the standing of all. */
export function addThirdParties(program: Command, shell: Shell): void {
  const group = program
    .command('third-parties')
    .summary('add, list, suspend, restore, remove third parties')
    .description('Third parties: those who registered themselves, and those whom you vouch for.')
  addAdd(group, shell)
  const list = group
    .command('list')
    .summary('list all of them')
    .description('List all third parties, whatever their standing.')
  answering(list, shell, ['third-parties list', 'third-parties list --json'], () =>
    withRegisters(shell, async ({ database }) => listed(await listThirdParties(database))),
  )
  addChange(
    group,
    shell,
    'suspend',
    'Refuse everything it asks for, until it is restored. Its consents stay.',
  )
  addChange(group, shell, 'restore', 'Let a suspended third party go on where it was stopped.')
  addChange(group, shell, 'remove', 'Remove it for good, and end every consent that it has.')
}

function addAdd(group: Command, shell: Shell): void {
  const add = group
    .command('add')
    .summary('add one that no directory vouches for')
    .description('Add a third party that no directory vouches for.')
    .requiredOption('--file <file>', 'what it is, as JSON')
    .addHelpText('after', addHelp)
  const examples = [
    'third-parties add --file acme.json',
    'third-parties add --file acme.json --json',
  ] as const
  answering(add, shell, examples, async () => {
    const bytes = await readFile(add.opts<{ readonly file: string }>().file)
    return withRegisters(shell, (registers) => addThirdParty(registers, bytes))
  })
}

async function addThirdParty(
  { installation, database, audit, now }: Registers,
  bytes: Uint8Array,
): Promise<Answer> {
  const at = now()
  const { statement, metadata } = readThirdPartyFile(bytes, {
    profile: fapi2,
    allowLoopbackRedirects: installation.demo !== undefined,
    now: at,
  })
  const clientId = randomUUID()
  const { organisation, change } = await organisationOf(database, statement)
  const thirdParty: ThirdParty = {
    clientId,
    organisation,
    softwareId: statement.softwareId,
    name: readableName(statement.softwareName),
    roles: statement.roles,
    standing: 'active',
    securityProfile: 'fapi2',
    registeredAt: at,
    metadata: { client_id: clientId, ...metadata },
    ...(typeof metadata.client_uri === 'string' && { clientUri: metadata.client_uri }),
  }
  const facts = {
    directory: OPERATOR,
    organisation: statement.organisationId,
    software: statement.softwareId,
    roles: statement.roles,
  }
  await commit(database, [
    change,
    insertThirdParty(thirdParty),
    await audit.row({ type: 'third-party.registered', actor: 'operator', at, clientId, facts }),
  ])
  return {
    lines: [`Added ${thirdParty.name}.`, `client_id  ${clientId}`],
    json: { client_id: clientId, metadata: thirdParty.metadata },
  }
}

function listed(all: readonly ThirdParty[]): Answer {
  const rows = all.map(({ clientId, name, organisation, roles, standing, registeredAt }) => [
    clientId,
    standing,
    roles.join(' '),
    registeredAt.toISOString().slice(0, 10),
    name,
    organisation.name,
  ])
  return {
    lines:
      rows.length > 0
        ? columns(['CLIENT_ID', 'STANDING', 'ROLES', 'SINCE', 'NAME', 'ORGANISATION'], rows)
        : ['No third party yet. They register themselves, or: `postern third-parties add --file acme.json`.'],
    json: all,
  }
}

const changes = {
  suspend: { standing: 'suspended', event: 'third-party.suspended' },
  restore: { standing: 'active', event: 'third-party.restored' },
  remove: { standing: 'removed', event: 'third-party.removed' },
} as const satisfies Record<string, { standing: Standing; event: AuditType }>

function addChange(group: Command, shell: Shell, name: keyof typeof changes, about: string): void {
  const command = group
    .command(`${name} <client_id>`)
    .summary(`${name} one of them`)
    .description(`${about} Effective everywhere within a second.`)
    .option('--reason <words>', 'why, for the audit trail: no names of people')
  const example = `third-parties ${name} 3f0c6a1e-7a0c-4a2f-9d51-2f2c8f1f7c11`
  answering(command, shell, [example, `${example} --reason "ticket 4711"`], ([clientId = '']) => {
    const { reason } = command.opts<{ readonly reason?: string }>()
    return withRegisters(shell, (registers) => change(shell, registers, name, clientId, reason))
  })
}

async function change(
  shell: Shell,
  registers: Registers,
  name: keyof typeof changes,
  clientId: string,
  reason: string | undefined,
): Promise<Answer> {
  const { database, audit, now } = registers
  const { standing, event } = changes[name]
  const known = await findThirdParty(database, clientId)
  if (known === undefined)
    throw new Problem('not-found', `There is no third party ${clientId}. See \`postern third-parties list\`.`)
  const at = now()
  const consents = await countUsableConsents(database, clientId, at)
  // A removal that was broken off is taken up where it stopped.
  const resumed = standing === 'removed' && known.standing === 'removed'
  if (!resumed) {
    mustChange(known, standing)
    const facts = { from: known.standing, ...(reason && { said: reason.slice(0, 200) }) }
    await commit(database, [
      saveStanding(clientId, standing),
      await audit.row({ type: event, actor: 'operator', at, clientId, facts }),
    ])
  }
  const ended =
    standing === 'removed'
      ? await endConsentsOf(database, audit, clientId, now, (n) => shell.warn(`${n} consents ended …`))
      : undefined
  return { lines: said(known, standing, consents, ended), json: { client_id: clientId, standing, ended } }
}

function mustChange({ name, clientId, standing: from }: ThirdParty, to: Standing): void {
  if (from === 'removed')
    throw new Problem('wrong-state', `${name} was removed, for good. Add or register it anew.`)
  if (from === to) throw new Problem('wrong-state', `${name} (${clientId}) is ${to} already.`)
}

function said(
  { name }: ThirdParty,
  standing: Standing,
  consents: number,
  ended: number | undefined,
): readonly string[] {
  const many = (count: number) => `${count} consent${count === 1 ? '' : 's'}`
  if (standing === 'removed') return [`${name} is removed; ${many(ended ?? 0)} ended.`]
  if (standing === 'suspended')
    return [`${name} is suspended; ${many(consents)} cannot be used until it is restored.`]
  return [`${name} is active again, with ${many(consents)}.`]
}
