import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '../src/store/embedded-postgres.ts'
import { migrate } from '../src/store/migrate.ts'
import { type House, openHouse, storedKey } from '../test/support/house.ts'
import type { ThirdParty } from '../test/support/third-party.ts'
import type { TokenSet } from '../test/support/token-set.ts'
import type { Seeds } from './reference.ts'

/** Postern in a process of its own, on a Postgres that waits for the disk (fsync on). */
export interface OurSide {
  readonly house: House
  readonly pid: number
  readonly postgresPid: number
  close(): Promise<void>
}

export async function openOurSide(nodeOptions: readonly string[]): Promise<OurSide> {
  const folder = await mkdtemp(join(tmpdir(), 'postern-bench-'))
  // As root, Postgres runs as another user, which has to get to its data; that folder is closed itself.
  await chmod(folder, 0o755)
  const postgres = await startEmbeddedPostgres(folder, { durable: true })
  await migrate(postgres.url)
  const stop = async (): Promise<void> => {
    await postgres.stop()
    await postgres.remove()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const program = fileURLToPath(new URL('postern-process.ts', import.meta.url))
    const house = await openHouse({
      processes: 1,
      databaseUrl: postgres.url,
      program: [...nodeOptions, program],
    })
    const [row] = await house.sql<{ data_directory: string }>('show data_directory')
    const pid = house.processes[0]?.pid()
    if (row === undefined || pid === undefined) throw new Error('Postern did not start')
    return {
      house,
      pid,
      postgresPid: Number(readFileSync(join(row.data_directory, 'postmaster.pid'), 'utf8').split('\n')[0]),
      close: async () => {
        await house.close()
        await stop()
      },
    }
  } catch (fault) {
    await stop()
    throw fault
  }
}

/**
 * So many customers, each with a consent like the one that `tokens` came from, an access token and a refresh token:
 * the rows of one real journey, repeated.
 */
export async function repeatConsent(
  { sql }: House,
  tokens: TokenSet & { readonly refreshToken: string },
  count: number,
): Promise<Seeds> {
  const accessTokens = Array.from({ length: count }, () => randomBytes(32).toString('base64url'))
  const refreshTokens = Array.from({ length: count }, () => randomBytes(32).toString('base64url'))
  await sql(repeat, [
    storedKey(tokens.accessToken),
    storedKey(tokens.refreshToken),
    accessTokens.map(storedKey),
    refreshTokens.map(storedKey),
  ])
  await sql('analyze')
  return { accessTokens, refreshTokens }
}

const repeat = `
  with made as materialized (
    select gen_random_uuid() as consent_id, gen_random_uuid() as customer_id, a, r, n
      from unnest($3::bytea[], $4::bytea[]) with ordinality as k(a, r, n)
  ), first as (
    select g.id as grant_id, g.consent_id, c.customer_id, t.client_id, p.organisation_id
      from token t join "grant" g on g.id = t.grant_id join consent c on c.id = g.consent_id
        join third_party p on p.client_id = t.client_id
      where t.key = $1
  ), customers as (
    insert into customer (id, customer_number, bank_customer_id, name, password_hash, totp_secret, added_at)
      select m.customer_id, '77' || lpad(m.n::text, 8, '0'), 'bench-' || m.n, u.name, u.password_hash, u.totp_secret,
        u.added_at
      from made m cross join first f join customer u on u.id = f.customer_id
      returning id
  ), subjects as (
    insert into subject (organisation_id, customer_id)
      select f.organisation_id, m.customer_id from made m cross join first f join customers on customers.id = m.customer_id
  ), consents as (
    insert into consent (id, client_id, kind, state, permissions, requested_accounts, expires_at, transactions_from,
        transactions_to, created_at, customer_id, authorised_at, accounts)
      select m.consent_id, c.client_id, c.kind, c.state, c.permissions, c.requested_accounts, c.expires_at,
        c.transactions_from, c.transactions_to, c.created_at, m.customer_id, c.authorised_at, c.accounts
      from made m cross join first f join consent c on c.id = f.consent_id
  ), grants as (
    insert into "grant" (id, consent_id, client_id, expires_at, payload)
      select m.consent_id::text, m.consent_id, g.client_id, g.expires_at,
        g.payload || jsonb_build_object('accountId', m.customer_id)
      from made m cross join first f join "grant" g on g.id = f.grant_id
  )
  insert into token (key, kind, client_id, grant_id, issued_at, expires_at, payload)
    select case t.kind when 'access' then m.a else m.r end, t.kind, t.client_id, m.consent_id::text, t.issued_at,
      greatest(t.expires_at, t.issued_at + interval '1 day'),
      t.payload || jsonb_build_object('accountId', m.customer_id, 'grantId', m.consent_id,
        'exp', greatest((t.payload ->> 'exp')::bigint, (t.payload ->> 'iat')::bigint + 86400))
    from made m cross join token t where t.key in ($1, $2)`

/** The whole way of a customer through the pages, once. */
export async function firstTokens(
  house: House,
  acme: ThirdParty,
): Promise<TokenSet & { readonly refreshToken: string }> {
  const customer = await house.customer()
  const asked = await acme.ask()
  const tokens = await acme.collect(await customer.authorise(house.browser(), asked.url), asked)
  const { refreshToken } = tokens
  if (refreshToken === undefined) throw new Error('no refresh token came')
  return { ...tokens, refreshToken }
}
