import { JsonRefused, parseJson } from '../registration/json-guard.ts'
import { parseCsv } from './csv.ts'
import { FaultyInput } from './failure.ts'
import { faultsOf, type NewCustomer } from './new-customer.ts'

const needed = ['customer_number', 'bank_customer_id', 'name'] as const
const members: readonly string[] = [...needed, 'password']

interface Row {
  /** Where it stands, such as "line 7". */
  readonly where: string
  readonly values: Readonly<Record<string, unknown>>
}

/**
 * Customers of a CSV file (with a heading) or a JSON file (an array of objects); members `customer_number`,
 * `bank_customer_id`, `name` and, if wanted, `password`. Throws {@link FaultyInput} with every faulty row.
 */
export function readCustomers(bytes: Uint8Array, known: ReadonlySet<string>): readonly NewCustomer[] {
  const first = bytes.find((byte) => byte > 0x20 && byte < 0x80)
  const rows = first === 0x5b || first === 0x7b ? jsonRows(bytes) : csvRows(bytes)
  if (rows.length === 0) throw new FaultyInput('The file holds no customer.', [])
  const seen = new Map<string, string>()
  const faults: string[] = []
  const customers = rows.map(({ where, values }) => {
    const customer = customerOf(values)
    const { customerNumber } = customer
    const before = seen.get(customerNumber)
    const found = [
      ...Object.keys(values)
        .filter((name) => !members.includes(name))
        .map((name) => `${name} is not a member that is understood here`),
      ...faultsOf(customer),
      ...(before ? [`customer_number is that of ${before}`] : []),
      ...(known.has(customerNumber) ? ['customer_number belongs to a customer who is here already'] : []),
    ]
    seen.set(customerNumber, where)
    if (found.length > 0) faults.push(`${where}: ${found.join('; ')}`)
    return customer
  })
  if (faults.length > 0)
    throw new FaultyInput(`Nothing was imported: ${faults.length} of ${rows.length} rows are faulty.`, faults)
  return customers
}

function customerOf(values: Readonly<Record<string, unknown>>): NewCustomer {
  const text = (name: string): string => {
    const value = Object.hasOwn(values, name) ? values[name] : ''
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
  }
  const password = text('password')
  return {
    customerNumber: text('customer_number').trim(),
    bankCustomerId: text('bank_customer_id').trim(),
    name: text('name'),
    ...(password !== '' && { password }),
  }
}

function jsonRows(bytes: Uint8Array): readonly Row[] {
  const list = parse(bytes)
  if (!Array.isArray(list)) throw new FaultyInput('The file must hold a JSON array of customers.', [])
  return list.map((entry: unknown, index) => {
    const isObject = typeof entry === 'object' && entry !== null && !Array.isArray(entry)
    // Each member's type is looked at where it is read.
    return { where: `customer ${index + 1}`, values: isObject ? (entry as Record<string, unknown>) : {} }
  })
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (error instanceof JsonRefused)
      throw new FaultyInput(`The file cannot be read as JSON: ${error.message}.`, [])
    throw error
  }
}

function csvRows(bytes: Uint8Array): readonly Row[] {
  const [heading, ...records] = parseCsv(decode(bytes))
  const names = heading?.fields.map((field) => field.trim().toLowerCase()) ?? []
  const missing = needed.filter((name) => !names.includes(name))
  if (missing.length > 0)
    throw new FaultyInput(`The first line must name the columns; ${missing.join(', ')} is missing.`, [])
  return records.map(({ line, fields }) => ({
    where: `line ${line}`,
    values: {
      ...Object.fromEntries(names.map((name, index) => [name, fields[index] ?? ''])),
      ...(fields.length > names.length && { [`column ${names.length + 1}`]: '' }),
    },
  }))
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new FaultyInput('The file is not UTF-8: save it as "CSV UTF-8".', [])
  }
}
