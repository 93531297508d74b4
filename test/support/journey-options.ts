import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { CustomerFacts } from './customer.ts'
import { type JsonObject, parseObject } from './json.ts'
import { isVariant, type Variant, variants } from './variant.ts'

/** Where a running demo writes down its addresses. */
const RUNNING = '.postern/demo/running.json'

export interface JourneyOptions {
  readonly issuer: string
  readonly directory: string
  readonly gateway: string
  readonly variant: Variant
  readonly alg: 'PS256' | 'ES256'
  /** Base URL of the desk that opens customers. */
  readonly customers?: string
  readonly customer?: CustomerFacts
  /** PEM certificates to trust. */
  readonly ca?: string
  readonly json: boolean
}

/** The command line was not understood: exit code 2, with this sentence. */
export class UsageError extends Error {}

export const usage = `A scripted third party and a scripted customer walk the whole job against a running Postern.

  npm run journey                                  against the demo that runs here (npm start)
  npm run journey -- --variant private_key_jwt-mtls
  npm run journey -- --issuer https://auth.bank.example --directory https://directory.example \\
      --gateway https://api.bank.example --customer 1234567890 --password P --totp-secret S

  --issuer URL         the authority            (default: what ${RUNNING} says, like the next ones)
  --directory URL      gives software statements and certificates
  --gateway URL        the resource API
  --customers URL      the desk that opens a fresh customer (POST URL/customers)
  --customer NUMBER --password P --totp-secret BASE32
                       an existing customer with at least three accounts, instead of a fresh one;
                       each code works once, so a second run in the same minute waits for the next
  --variant V          ${variants.join(' | ')}
  --alg ALG            PS256 | ES256, of the client's key
  --ca FILE            PEM certificates to trust
  --json               one JSON document at the end instead of lines on the way
  --help

Exit code 0: all as it should be; 1: something was wrong, in one sentence; 2: usage.
`

const flags = {
  issuer: { type: 'string' },
  directory: { type: 'string' },
  gateway: { type: 'string' },
  customers: { type: 'string' },
  customer: { type: 'string' },
  password: { type: 'string' },
  'totp-secret': { type: 'string' },
  variant: { type: 'string', default: 'private_key_jwt-dpop' },
  alg: { type: 'string', default: 'PS256' },
  ca: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const

/** The options of this command line, or 'help'. Throws UsageError in a sentence. */
export function readOptions(args: readonly string[]): JourneyOptions | 'help' {
  const given = parsed(args)
  if (given.help) return 'help'
  const running = readRunning()
  const url = (name: 'issuer' | 'directory' | 'gateway' | 'customers') =>
    checkedUrl(name, given[name] ?? optionalText(running, name))
  const { variant, alg } = given
  if (!isVariant(variant)) throw new UsageError(`--variant must be ${variants.join(' or ')}.`)
  if (alg !== 'PS256' && alg !== 'ES256') throw new UsageError('--alg must be PS256 or ES256.')
  const issuer = needed('issuer', url('issuer'))
  const customer = existingCustomer(given)
  const customers = url('customers')
  if (customer === undefined && customers === undefined)
    throw new UsageError('--customers URL is missing (or --customer NUMBER --password P --totp-secret S).')
  const caFile = given.ca ?? optionalText(running, 'caFile')
  return {
    issuer,
    directory: needed('directory', url('directory')),
    gateway: needed('gateway', url('gateway')),
    variant,
    alg,
    json: given.json,
    ...(customers !== undefined && { customers }),
    ...(customer && { customer }),
    ...(caFile !== undefined && { ca: readCa(caFile) }),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }).values
  } catch (fault) {
    throw new UsageError(fault instanceof Error ? fault.message : String(fault))
  }
}

function readRunning(): JsonObject {
  return existsSync(RUNNING) ? parseObject(readFileSync(RUNNING, 'utf8'), RUNNING) : {}
}

function optionalText(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  return typeof value === 'string' ? value : undefined
}

function checkedUrl(name: string, value: string | undefined): string | undefined {
  if (value !== undefined && !/^https?:\/\/[^/]/.test(value))
    throw new UsageError(`--${name} is "${value}"; it must be an http or https URL.`)
  return value
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined)
    throw new UsageError(`--${name} URL is missing, and no demo runs here (npm start).`)
  return value
}

function existingCustomer(given: ReturnType<typeof parsed>): CustomerFacts | undefined {
  const { customer: customerNumber, password, 'totp-secret': totpSecret } = given
  if (customerNumber === undefined && password === undefined && totpSecret === undefined) return undefined
  if (customerNumber === undefined || password === undefined || totpSecret === undefined)
    throw new UsageError('--customer, --password and --totp-secret belong together.')
  return { customerNumber, password, totpSecret }
}

function readCa(file: string): string {
  if (!existsSync(file)) throw new UsageError(`--ca: there is no file "${file}".`)
  return readFileSync(file, 'utf8')
}
