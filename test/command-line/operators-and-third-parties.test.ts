import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import pg from 'pg'
import { authorise } from '../../src/domain/consent.ts'
import { openAuditTrail } from '../../src/store/audit.ts'
import { findConsent, insertConsent, saveAuthorised } from '../../src/store/consents.ts'
import { insertCustomer } from '../../src/store/customers.ts'
import { openDatabase } from '../../src/store/database.ts'
import { findGrant, insertGrant } from '../../src/store/grants.ts'
import { findThirdParty } from '../../src/store/third-parties.ts'
import { commit } from '../../src/store/writes.ts'
import { freshDatabase } from '../support/run.ts'
import { type Folder, postern, temporaryFolder } from './postern.ts'

const publicJwk = (kid: string) => ({
  ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' }),
  kid,
})

const acme = () => ({
  client_name: 'Acme Budget',
  organisation: { id: 'acme-1', name: 'Acme Ltd' },
  software_id: 'budget-1',
  roles: ['AISP'],
  redirect_uris: ['https://acme.example/callback'],
  jwks: { keys: [publicJwk('k1')] },
  dpop_bound_access_tokens: true,
})

describe('an operator looks after third parties', () => {
  let url: string
  let folder: Folder
  const run = (args: readonly string[]) => postern(args, { environment: { DATABASE_URL: url } })

  beforeEach(async () => {
    url = await freshDatabase()
    folder = temporaryFolder()
  })
  afterEach(() => folder.remove())

  async function add(content: object = acme()): Promise<string> {
    const file = await folder.put('acme.json', content)
    const { code, out, err } = await run(['third-parties', 'add', '--file', file, '--json'])
    assert.equal(code, 0, err)
    return JSON.parse(out).client_id
  }

  it('says in words that there is none yet', async () => {
    const { code, out } = await run(['third-parties', 'list'])
    assert.equal(code, 0)
    assert.match(out, /^No third party yet\./)
    assert.deepEqual(JSON.parse((await run(['third-parties', 'list', '--json'])).out), [])
  })

  it('adds one that no directory vouches for, with an audit row', async () => {
    const clientId = await add()
    const { out } = await run(['third-parties', 'list'])
    assert.match(
      out,
      new RegExp(`^${clientId} +active +AISP +\\d{4}-\\d\\d-\\d\\d +Acme Budget +Acme Ltd$`, 'm'),
    )
    const audit = await run(['audit', 'list', '--third-party', clientId])
    assert.match(audit.out, /third-party\.registered +operator .*directory=operator/)
  })

  it('says everything that is missing in the file at once, and adds nothing', async () => {
    const file = await folder.put('bad.json', { client_name: '\u200b', roles: ['KING'], redirect_uri: 'x' })
    const { code, err } = await run(['third-parties', 'add', '--file', file])
    assert.equal(code, 1)
    for (const fault of [
      'client_name: has no readable character',
      'organisation: is missing',
      'software_id: is missing',
      'roles.0: may be AISP, PISP or CBPII',
      'redirect_uris: is missing',
      'jwks: is missing',
      'redirect_uri: not a member that is understood here',
    ])
      assert.ok(err.includes(fault), `${fault} in ${err}`)
    assert.match((await run(['third-parties', 'list'])).out, /^No third party yet/)
  })

  it("holds it to registration's rules", async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const leaked = { ...privateKey.export({ format: 'jwk' }), kid: 'k1' }
    for (const [change, refusal] of [
      [{ redirect_uris: ['http://acme.example/callback'] }, /Redirect URI 1 must be https/],
      [{ jwks: { keys: [leaked] } }, /holds private members/],
      [{ dpop_bound_access_tokens: false }, /Exactly one of dpop_bound_access_tokens/],
      [{ scope: 'openid payments' }, /scope may hold openid, accounts/],
      [{ token_endpoint_auth_signing_alg: 'PS256' }, /none of the keys serves/],
      [{ roles: ['PISP'], scope: 'accounts' }, /scope may hold openid, and nothing else/],
    ] as const) {
      const file = await folder.put('acme.json', { ...acme(), ...change })
      const { code, err } = await run(['third-parties', 'add', '--file', file])
      assert.equal(code, 1)
      assert.match(err, refusal)
    }
    const file = await folder.put('twice.json', '{"client_name":"a","client_name":"b"}')
    assert.match((await run(['third-parties', 'add', '--file', file])).err, /a member is there twice/)
  })

  it('suspends and restores, each once, and says what stands', async () => {
    const clientId = await add()
    const suspended = await run(['third-parties', 'suspend', clientId, '--reason', 'ticket 4711'])
    assert.match(suspended.out, /^Acme Budget is suspended; 0 consents cannot be used/)
    const again = await run(['third-parties', 'suspend', clientId])
    assert.equal(again.code, 1)
    assert.match(again.err, /is suspended already\./)
    assert.equal((await run(['third-parties', 'restore', clientId])).code, 0)
    const unknown = await run(['third-parties', 'suspend', 'nobody'])
    assert.match(unknown.err, /^There is no third party nobody\. See `postern third-parties list`\.\n$/)
    const { out } = await run(['audit', 'list', '--third-party', clientId])
    assert.match(out, /third-party\.suspended.*said=ticket 4711/)
    assert.match(out, /third-party\.restored/)
  })

  it('ends every consent of one that is removed, grant and audit row with it, even when taken up again', async () => {
    const clientId = await add()
    const database = openDatabase({ url, poolSize: 2, acquireTimeoutMs: 2_000, statementTimeoutMs: 5_000 })
    const consents = [await consentOf(clientId), await consentOf(clientId), await consentOf(clientId)]
    const removed = await run(['third-parties', 'remove', clientId])
    assert.match(removed.out, /^Acme Budget is removed; 3 consents ended\.\n$/)
    for (const id of consents) {
      const consent = await findConsent(database, id)
      assert.equal(consent?.state === 'revoked' && consent.reason, 'third-party-removed')
      assert.ok((await findGrant(database, id))?.facts.grant?.endedAt)
      assert.match((await run(['audit', 'list', '--consent', id])).out, /consent\.revoked +operator/)
    }
    assert.equal((await findThirdParty(database, clientId))?.standing, 'removed')
    // As if the first run had been killed before its last consent.
    await consentOf(clientId)
    assert.match((await run(['third-parties', 'remove', clientId])).out, /1 consent ended/)
    assert.match((await run(['third-parties', 'restore', clientId])).err, /was removed, for good/)
    await database.close()

    async function consentOf(client: string): Promise<string> {
      const id = randomUUID()
      const now = new Date()
      const customer = {
        id: randomUUID(),
        customerNumber: String(Math.trunc(1e9 + Math.random() * 8e9)),
        bankCustomerId: 'b',
        name: 'A',
      }
      const awaiting = {
        id,
        clientId: client,
        createdAt: now,
        kind: 'inline' as const,
        state: 'awaiting' as const,
        terms: { permissions: ['ReadAccountsBasic'], expiresAt: new Date(now.getTime() + 1e8) },
      }
      const accounts = [{ accountId: 'a', bankAccountId: 'b' }]
      const agreed = authorise(awaiting, { customerId: customer.id, accounts, grantId: id }, now)
      const grant = { id, clientId: client, expiresAt: awaiting.terms.expiresAt, payload: {} }
      await commit(database, [insertCustomer(customer, { passwordHash: 'x', totpSecret: 'y' }, now)])
      await commit(database, [insertConsent(awaiting)])
      await commit(database, [insertGrant(grant)])
      await commit(database, [saveAuthorised(agreed)])
      return id
    }
  })

  it('stops a single consent for the bank', async () => {
    const clientId = await add()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    const id = randomUUID()
    await client.query(
      `insert into consent (id, client_id, kind, state, permissions, expires_at, created_at)
        values ($1, $2, 'inline', 'awaiting', '{}', now() + interval '1 day', now())`,
      [id, clientId],
    )
    assert.match(
      (await run(['consents', 'revoke', id])).err,
      /The consent is awaiting: there is nothing to end/,
    )
    const customer = await client.query<{ id: string }>(
      `insert into customer (customer_number, bank_customer_id, name, password_hash, totp_secret, added_at)
        values ('1000000001', 'b', 'A', 'x', 'y', now()) returning id`,
    )
    await client.query(
      `update consent set state = 'authorised', customer_id = $2, accounts = '[]', authorised_at = now() where id = $1`,
      [id, customer.rows[0]?.id],
    )
    assert.equal((await run(['consents', 'revoke', id, '--reason', 'case 1'])).out, 'The consent is ended.\n')
    assert.match((await run(['audit', 'list', '--consent', id])).out, /reason=stopped-by-bank said=case 1/)
    assert.match((await run(['consents', 'revoke', 'x'])).err, /There is no consent with this id/)
    assert.match((await run(['audit', 'list', '--consent', 'x'])).err, /A consent id looks like/)
    await client.end()
  })

  it('leaves the audit trail to be read by whoever needs one customer', async () => {
    const database = openDatabase({ url, poolSize: 1, acquireTimeoutMs: 2_000, statementTimeoutMs: 5_000 })
    const audit = await openAuditTrail(database)
    const id = randomUUID()
    const customer = { id, customerNumber: '1000000009', bankCustomerId: 'b', name: 'A' }
    await commit(database, [
      insertCustomer(customer, { passwordHash: 'x', totpSecret: 'y' }, new Date()),
      await audit.row({ type: 'customer.added', actor: 'operator', at: new Date(), customerId: id }),
    ])
    await database.close()
    assert.match((await run(['audit', 'list', '--customer', '1000000009'])).out, /customer\.added/)
    const { out } = await run(['audit', 'list', '--customer', '1000000009', '--json'])
    assert.equal(JSON.parse(out).length, 1)
    assert.doesNotMatch(out, new RegExp(id))
    assert.match((await run(['audit', 'list', '--customer', '1'])).err, /no customer with this number/)
    assert.match((await run(['audit', 'list', '--third-party', 'x'])).out, /^Nothing of this kind/)
  })
})
