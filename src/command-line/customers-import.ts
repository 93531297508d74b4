import { randomUUID } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { Problem } from '../domain/problem.ts'
import { openPasswordHasher, type PasswordHasher } from '../sca/password-hasher.ts'
import { newTotpSecret } from '../sca/totp.ts'
import { insertCustomer, listCustomers } from '../store/customers.ts'
import { commit, type Write } from '../store/writes.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { csvRecord } from './csv.ts'
import { readCustomers } from './customer-file.ts'
import { type HandedOver, handedOverJson } from './handed-over.ts'
import { generatedPassword, type NewCustomer, readable } from './new-customer.ts'
import { type Registers, withRegisters } from './registers.ts'
import { unlessTaken } from './taken.ts'

const help = `
The file is CSV in UTF-8 with a heading, or a JSON array of objects:
  customer_number, bank_customer_id, name, and password where it is not to be generated.
Every faulty row is reported, and nothing is imported then. What customers need to sign in is
written once, as CSV: to standard output, or to the new file of --credentials. Each part of it is
written before its customers are added: after an interruption the line of a customer who is
not on \`customers list\` is worth nothing.`

interface Options {
  readonly file: string
  readonly credentials?: string
}

/** Customers added in one commit. */
const BATCH = 50
/** A line of progress after so many. */
const PROGRESS = 500

/** `postern customers import`: many at once, all or, where a row is faulty, none. */
export function addImport(group: Command, shell: Shell): void {
  const command = group
    .command('import')
    .summary('add those of a file')
    .description('Add the customers of a file.')
    .requiredOption('--file <file>', 'CSV or JSON')
    .option('--credentials <file>', 'write what is handed to the customers here, readable only by you')
    .addHelpText('after', help)
  const first = 'customers import --file customers.csv --credentials letters.csv'
  answering(command, shell, [first, 'customers import --file customers.json --json'], async () => {
    const { file, credentials } = command.opts<Options>()
    const bytes = await readFile(file)
    const asJson = command.opts().json === true
    return withRegisters(shell, (registers) => importAll(shell, registers, bytes, { credentials, asJson }))
  })
}

interface Target {
  readonly credentials: string | undefined
  readonly asJson: boolean
}

async function importAll(shell: Shell, registers: Registers, bytes: Buffer, target: Target): Promise<Answer> {
  const present = await listCustomers(registers.database)
  const known = new Set(present.map(({ customerNumber }) => customerNumber))
  const customers = readCustomers(bytes, known)
  const hand = await openLetters(shell, target)
  const hasher = openPasswordHasher()
  const all: HandedOver[] = []
  const inJson = () => (target.credentials === undefined ? { customers: all.map(handedOverJson) } : {})
  for (let from = 0; from < customers.length; from += BATCH) {
    const batch = customers.slice(from, from + BATCH)
    try {
      const { given, writes } = await prepare(registers, hasher, batch)
      await hand(given)
      await unlessTaken(
        commit(registers.database, writes),
        'Somebody added one of these customers meanwhile.',
      )
      all.push(...given)
    } catch (error) {
      if (target.asJson) shell.say(JSON.stringify({ imported: from, ...inJson() }, null, 2))
      throw brokenOff(error, from, customers.length)
    }
    const done = from + batch.length
    if (done % PROGRESS < BATCH && customers.length > PROGRESS)
      shell.warn(`${done} of ${customers.length} customers imported …`)
  }
  const where = target.credentials === undefined ? '' : ` What they need to sign in: ${target.credentials}.`
  shell.warn(`${customers.length} customers imported.${where}`)
  return { lines: [], json: { imported: customers.length, ...inJson() } }
}

/** Everything of one commit: the customers and their audit rows. */
async function prepare(
  { installation, audit, now }: Registers,
  hasher: PasswordHasher,
  customers: readonly NewCustomer[],
): Promise<{ readonly given: readonly HandedOver[]; readonly writes: readonly Write[] }> {
  const at = now()
  const { bankName } = installation
  const made = await Promise.all(
    customers.map(async ({ customerNumber, bankCustomerId, name, password: chosen }) => {
      const id = randomUUID()
      const password = chosen ?? generatedPassword()
      const totpSecret = newTotpSecret()
      const passwordHash = await hasher.hash(password)
      const customer = { id, customerNumber, bankCustomerId, name: readable(name) }
      return {
        writes: [
          insertCustomer(customer, { passwordHash, totpSecret }, at),
          await audit.row({ type: 'customer.added', actor: 'operator', at, customerId: id }),
        ],
        given: { customerNumber, totpSecret, bankName, ...(chosen === undefined && { password }) },
      }
    }),
  )
  return { given: made.map(({ given }) => given), writes: made.flatMap(({ writes }) => writes) }
}

function brokenOff(error: unknown, done: number, all: number): unknown {
  if (done === 0) return error
  const said = error instanceof Error ? error.message : ''
  return new Problem(
    'unavailable',
    `${done} of ${all} customers were imported, then: ${said} Take them out of the file and run it again with the rest.`,
  )
}

const heading = ['customer_number', 'password', 'totp_secret', 'otpauth_uri']

/** Where the credentials go, part by part. With `--json` they are in the answer instead, unless a file is named. */
async function openLetters(
  shell: Shell,
  { credentials, asJson }: Target,
): Promise<(given: readonly HandedOver[]) => Promise<void>> {
  if (credentials === undefined && asJson) return async () => undefined
  const record = (given: HandedOver): string => {
    const { customer_number, password = '', totp_secret, otpauth_uri } = handedOverJson(given)
    return csvRecord([customer_number ?? '', password, totp_secret ?? '', otpauth_uri ?? ''])
  }
  if (credentials === undefined) {
    shell.say(csvRecord(heading))
    return async (given) => {
      for (const one of given) shell.say(record(one))
    }
  }
  await writeFile(credentials, `${csvRecord(heading)}\n`, { mode: 0o600, flag: 'wx' })
  return (given) => appendFile(credentials, given.map((one) => `${record(one)}\n`).join(''))
}
