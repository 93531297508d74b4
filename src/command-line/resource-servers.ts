import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Problem } from '../domain/problem.ts'
import { type JsonObject, type ResourceServer, readableName } from '../domain/third-party.ts'
import {
  deleteResourceServer,
  findResourceServer,
  insertResourceServer,
  listResourceServers,
} from '../store/third-parties.ts'
import { commit } from '../store/writes.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns } from './columns.ts'
import { type Registers, withRegisters } from './registers.ts'
import { authenticationByCertificates, authenticationByKeys } from './resource-server-keys.ts'
import { unlessTaken } from './taken.ts'

interface Options {
  readonly name: string
  readonly resource: string
  readonly jwks?: string
  readonly certificate?: readonly string[]
}

/** `postern resource-servers …`: the bank's APIs that may ask what a token is good for. */
export function addResourceServers(program: Command, shell: Shell): void {
  const group = program
    .command('resource-servers')
    .summary('add, list, remove resource APIs that introspect tokens')
    .description("The bank's resource APIs: each may introspect the tokens for its own resource.")
  addAdd(group, shell)
  const list = group.command('list').description('List all resource servers.')
  answering(list, shell, ['resource-servers list', 'resource-servers list --json'], () =>
    withRegisters(shell, async ({ database }) => listed(await listResourceServers(database))),
  )
  const remove = group
    .command('remove <client_id>')
    .summary('remove one')
    .description('Remove it: it is told nothing any more, and no token is made for its resource.')
  const example = 'resource-servers remove 3f0c6a1e-7a0c-4a2f-9d51-2f2c8f1f7c11'
  answering(remove, shell, [example, `${example} --json`], ([clientId = '']) =>
    withRegisters(shell, (registers) => removeResourceServer(registers, clientId)),
  )
}

function addAdd(group: Command, shell: Shell): void {
  const add = group
    .command('add')
    .summary('add one')
    .description('Add a resource server, known by keys (private_key_jwt) or by certificate (mutual TLS).')
    .requiredOption('--name <name>', 'what it is called')
    .requiredOption('--resource <url>', 'its resource indicator (RFC 8707), as tokens name it')
    .option('--jwks <file>', 'its public keys, a JSON Web Key Set')
    .option('--certificate <file>', 'its client certificate, PEM; again for the next one', also)
  const common = 'resource-servers add --name "Cards API" --resource https://cards.bank.example'
  answering(
    add,
    shell,
    [`${common} --jwks cards-keys.json`, `${common} --certificate cards.pem`],
    async () => {
      const options = add.opts<Options>()
      const authentication = await authenticationOf(options, shell.now())
      return withRegisters(shell, (registers) => addResourceServer(registers, options, authentication))
    },
  )
}

function also(file: string, before: readonly string[] = []): readonly string[] {
  return [...before, file]
}

async function authenticationOf({ jwks, certificate }: Options, now: Date): Promise<JsonObject> {
  if (jwks !== undefined && certificate === undefined) return authenticationByKeys(await readFile(jwks))
  if (certificate !== undefined && jwks === undefined)
    return authenticationByCertificates(await Promise.all(certificate.map((file) => readFile(file))), now)
  throw new Problem('invalid-request', 'Give either --jwks or --certificate: one way to prove who it is.')
}

async function addResourceServer(
  { database, audit, now }: Registers,
  options: Options,
  authentication: JsonObject,
): Promise<Answer> {
  const name = readableName(options.name)
  if (name === '') throw new Problem('invalid-request', 'The name has no readable character.')
  const resource = checkedResource(options.resource)
  const clientId = randomUUID()
  const metadata: JsonObject = {
    client_id: clientId,
    client_name: name,
    ...authentication,
    // It gets no tokens: it only asks about other people's.
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  }
  const at = now()
  const facts = { name, resource, by: String(authentication.token_endpoint_auth_method) }
  await unlessTaken(
    commit(database, [
      insertResourceServer({ clientId, name, resource, metadata }, at),
      await audit.row({ type: 'resource-server.added', actor: 'operator', at, clientId, facts }),
    ]),
    `There is a resource server for ${resource} already. See \`postern resource-servers list\`.`,
  )
  return {
    lines: [`Added ${name} for ${resource}.`, `client_id  ${clientId}`],
    json: { client_id: clientId, name, resource, metadata },
  }
}

/** RFC 8707 §2: an absolute URI without fragment. One spelling only, since resources are compared as texts. */
function checkedResource(resource: string): string {
  const url = URL.parse(resource)
  const plain =
    url?.protocol === 'https:' &&
    url.username === '' &&
    url.password === '' &&
    !/[#?]/.test(resource) &&
    resource.length <= 256 &&
    (url.href === resource || url.href === `${resource}/`)
  if (plain) return resource
  throw new Problem(
    'invalid-request',
    'The resource must be a plain https URL without query or fragment, such as https://cards.bank.example.',
  )
}

function listed(all: readonly ResourceServer[]): Answer {
  const rows = all.map(({ clientId, name, resource, metadata }) => [
    clientId,
    resource,
    metadata.token_endpoint_auth_method === 'private_key_jwt' ? 'keys' : 'certificate',
    name,
  ])
  return {
    lines:
      rows.length > 0
        ? columns(['CLIENT_ID', 'RESOURCE', 'KNOWN BY', 'NAME'], rows)
        : [
            'No resource server yet: only the gateway knows what tokens are good for. See `postern resource-servers add --help`.',
          ],
    json: all,
  }
}

async function removeResourceServer({ database, audit, now }: Registers, clientId: string): Promise<Answer> {
  const known = await findResourceServer(database, clientId)
  if (known === undefined)
    throw new Problem(
      'not-found',
      `There is no resource server ${clientId}. See \`postern resource-servers list\`.`,
    )
  const { name, resource } = known
  const at = now()
  await commit(database, [
    deleteResourceServer(clientId),
    await audit.row({
      type: 'resource-server.removed',
      actor: 'operator',
      at,
      clientId,
      facts: { name, resource },
    }),
  ])
  return { lines: [`Removed ${name} (${resource}).`], json: { client_id: clientId, removed: true } }
}
