import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { ConfigError, readSecrets } from '../config.ts'
import type { Customer } from '../domain/customer.ts'
import { Problem } from '../domain/problem.ts'
import { openPasswordHasher } from '../sca/password-hasher.ts'
import { attemptKey } from '../sca/sign-in.ts'
import { newTotpSecret } from '../sca/totp.ts'
import { liftLock } from '../store/attempt-lock.ts'
import { endSessionsOf } from '../store/customer-sessions.ts'
import { findCustomerByNumber, insertCustomer, listCustomers, saveFactor } from '../store/customers.ts'
import { commit } from '../store/writes.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns, printable } from './columns.ts'
import { addImport } from './customers-import.ts'
import { FaultyInput } from './failure.ts'
import { handedOverJson, handedOverLines } from './handed-over.ts'
import type { Installation } from './installation.ts'
import { faultsOf, generatedPassword, type NewCustomer, readable } from './new-customer.ts'
import { type Registers, withRegisters } from './registers.ts'
import { unlessTaken } from './taken.ts'

interface AddOptions {
  readonly number: string
  readonly bankId: string
  readonly name: string
  readonly passwordStdin?: true
}

/** `postern customers …`: who may sign in. */
export function addCustomers(program: Command, shell: Shell): void {
  const group = program
    .command('customers')
    .summary('add, import, list customers; reset a factor; unlock')
    .description("The bank's customers, as far as they sign in here.")
  addAdd(group, shell)
  addImport(group, shell)
  const list = group.command('list').description('List all customers.')
  answering(list, shell, ['customers list', 'customers list --json'], () =>
    withRegisters(shell, async ({ database }) => listed(await listCustomers(database))),
  )
  const reset = group
    .command('reset-factor <number>')
    .summary('give one a new TOTP secret')
    .description('Give a customer a new TOTP secret. The old one is worth nothing from then on.')
  answering(
    reset,
    shell,
    ['customers reset-factor 1000000001', 'customers reset-factor 1000000001 --json'],
    ([number = '']) => withRegisters(shell, (registers) => resetFactor(shell, registers, number)),
  )
  const unlock = group
    .command('unlock <number>')
    .summary('lift the lock of failed sign-ins')
    .description('Lift the lock that five failed sign-ins put on a customer. Needs SECRETS_DIR.')
  answering(
    unlock,
    shell,
    ['customers unlock 1000000001', 'customers unlock 1000000001 --json'],
    ([number = '']) => withRegisters(shell, (registers) => unlockCustomer(registers, number)),
  )
}

function addAdd(group: Command, shell: Shell): void {
  const add = group
    .command('add')
    .summary('add one')
    .description('Add a customer. Prints the password, if it was generated, and the TOTP secret, once.')
    .requiredOption('--number <number>', 'customer number, ten digits')
    .requiredOption('--bank-id <id>', "the bank's own id of the customer, used on the bank's port only")
    .requiredOption('--name <name>', 'as it is shown to the customer')
    .option('--password-stdin', 'read the password from standard input; generated without')
  const common = 'customers add --number 1000000042 --bank-id 7f3a --name "Ada Archer"'
  answering(add, shell, [common, `${common} --password-stdin < password.txt`], async () => {
    const { number, bankId, name, passwordStdin } = add.opts<AddOptions>()
    const typed = passwordStdin ? { password: firstLine(await shell.readInput()) } : {}
    const customer = { customerNumber: number, bankCustomerId: bankId, name, ...typed }
    const faults = faultsOf(customer)
    if (faults.length > 0) throw new FaultyInput('The customer cannot be added as it is:', faults)
    return withRegisters(shell, (registers) => addCustomer(shell, registers, customer))
  })
}

function firstLine(text: string): string {
  return text.replace(/\r?\n$/, '')
}

async function addCustomer(shell: Shell, registers: Registers, asked: NewCustomer): Promise<Answer> {
  const { installation, database, audit, now } = registers
  const { customerNumber, bankCustomerId } = asked
  const password = asked.password ?? generatedPassword()
  const totpSecret = newTotpSecret()
  const passwordHash = await openPasswordHasher().hash(password)
  const customer: Customer = { id: randomUUID(), customerNumber, bankCustomerId, name: readable(asked.name) }
  const at = now()
  await unlessTaken(
    commit(database, [
      insertCustomer(customer, { passwordHash, totpSecret }, at),
      await audit.row({ type: 'customer.added', actor: 'operator', at, customerId: customer.id }),
    ]),
    'There is a customer with this number already. See `postern customers list`.',
  )
  const given = {
    customerNumber,
    totpSecret,
    bankName: installation.bankName,
    ...(asked.password === undefined && { password }),
  }
  return {
    lines: [`Added ${customer.name}, ${customerNumber}.`, ...handedOverLines(shell, given)],
    json: handedOverJson(given),
  }
}

function listed(all: readonly Customer[]): Answer {
  const rows = all.map(({ customerNumber, bankCustomerId, name }) => [customerNumber, bankCustomerId, name])
  return {
    lines:
      rows.length > 0
        ? columns(['NUMBER', 'BANK ID', 'NAME'], rows)
        : ['No customer yet. See `postern customers add --help` and `postern customers import --help`.'],
    json: all.map(({ customerNumber, bankCustomerId, name }) => ({
      customer_number: customerNumber,
      bank_customer_id: bankCustomerId,
      name,
    })),
  }
}

async function resetFactor(shell: Shell, registers: Registers, number: string): Promise<Answer> {
  const { installation, database, audit, now } = registers
  const { id, name } = await mustFind(registers, number)
  const totpSecret = newTotpSecret()
  const at = now()
  await commit(database, [
    saveFactor(id, totpSecret),
    endSessionsOf(id),
    await audit.row({ type: 'customer.factor-reset', actor: 'operator', at, customerId: id }),
  ])
  const given = { customerNumber: number, totpSecret, bankName: installation.bankName }
  return {
    lines: [`${printable(name)} has a new TOTP secret.`, ...handedOverLines(shell, given)],
    json: handedOverJson(given),
  }
}

async function unlockCustomer(registers: Registers, number: string): Promise<Answer> {
  const { installation, database, audit, now } = registers
  // Late, so that no other command waits for the engine to load.
  const { attemptSecret } = await import('../authority.ts')
  const secret = attemptSecret(readSecrets(secretsDirOf(installation)))
  const { id, name } = await mustFind(registers, number)
  const at = now()
  await commit(database, [
    liftLock(attemptKey(secret, number)),
    await audit.row({ type: 'customer.unlocked', actor: 'operator', at, customerId: id }),
  ])
  return {
    lines: [`${printable(name)} can sign in again.`],
    json: { customer_number: number, locked: false },
  }
}

function secretsDirOf({ secretsDir }: Installation): string {
  if (secretsDir !== undefined) return secretsDir
  const sentence = 'is missing. Locks are kept under a key of it.'
  throw new ConfigError([{ name: 'SECRETS_DIR', sentence, example: '/run/secrets/postern' }])
}

async function mustFind({ database }: Registers, number: string): Promise<Customer> {
  const customer = await findCustomerByNumber(database, number)
  if (customer === undefined)
    throw new Problem('not-found', 'There is no customer with this number. See `postern customers list`.')
  return customer
}
