import type { Database } from './database.ts'

/**
 * The subject under which one organisation knows the customer (OpenID Connect Core §8.1: pairwise): random, made the
 * first time, the same ever after.
 */
export async function subjectOf(
  database: Database,
  organisationId: string,
  customerId: string,
): Promise<string> {
  const values = [organisationId, customerId]
  const found = 'select sub from subject where organisation_id = $1 and customer_id = $2'
  const [row] = await database.query<{ sub: string }>('subject', found, values)
  if (row !== undefined) return row.sub
  await database.query(
    'subject-new',
    'insert into subject (organisation_id, customer_id) values ($1, $2) on conflict do nothing',
    values,
  )
  const [made] = await database.query<{ sub: string }>('subject', found, values)
  if (made === undefined) throw new Error('a subject that was just made is not there')
  return made.sub
}

/**
 * The AccountIds under which one third party's software knows a customer's accounts, by the bank's id: random, made
 * the first time, stable across renewals.
 */
export async function accountAliases(
  database: Database,
  clientId: string,
  customerId: string,
  bankAccountIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  await database.query(
    'account-aliases-new',
    `insert into account_alias (client_id, customer_id, bank_account_id)
      select $1, $2, id from unnest($3::text[]) as a(id) order by id on conflict do nothing`,
    [clientId, customerId, bankAccountIds],
  )
  const rows = await database.query<{ bank_account_id: string; account_id: string }>(
    'account-aliases',
    `select bank_account_id, account_id from account_alias
      where client_id = $1 and customer_id = $2 and bank_account_id = any ($3::text[])`,
    [clientId, customerId, bankAccountIds],
  )
  return new Map(rows.map((row) => [row.bank_account_id, row.account_id]))
}
