import { randomInt } from 'node:crypto'

/** A customer as an operator names them. */
export interface NewCustomer {
  readonly customerNumber: string
  readonly bankCustomerId: string
  readonly name: string
  /** Generated when there is none. */
  readonly password?: string
}

const SHORTEST_PASSWORD = 8
const LONGEST_PASSWORD = 200

/** Everything that is wrong with it, each continuing "the customer …"; none when it can be added. */
export function faultsOf({ customerNumber, bankCustomerId, name, password }: NewCustomer): readonly string[] {
  const cleaned = readable(name)
  return [
    !/^\d{10}$/.test(customerNumber) && 'customer_number must be ten digits',
    !(/^[\x21-\x7e]{1,128}$/.test(bankCustomerId) && !/^\.{1,2}$/.test(bankCustomerId)) &&
      'bank_customer_id must be 1 to 128 printable characters without spaces',
    (cleaned === '' || [...cleaned].length > 140) && 'name must have 1 to 140 readable characters',
    password !== undefined &&
      ([...password].length < SHORTEST_PASSWORD || [...password].length > LONGEST_PASSWORD) &&
      `password must have ${SHORTEST_PASSWORD} to ${LONGEST_PASSWORD} characters`,
  ].filter((fault) => fault !== false)
}

/** NFC, without control and direction characters, one space between words. */
export function readable(name: string): string {
  return name
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
}

/** Without letters and digits that are taken for each other. */
const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789'

/** 16 characters of 31, some 79 random bits, in groups that can be read out. */
export function generatedPassword(): string {
  const group = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('')
  return [group(), group(), group(), group()].join('-')
}
