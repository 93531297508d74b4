import assert from 'node:assert/strict'
import { readFile, stat } from 'node:fs/promises'
import { attemptSecret } from '../../src/authority.ts'
import { readSecrets } from '../../src/config.ts'
import { openPasswordHasher } from '../../src/sca/password-hasher.ts'
import { openSignIn } from '../../src/sca/sign-in.ts'
import { openCredentials } from '../../src/store/customers.ts'
import { openDatabase } from '../../src/store/database.ts'
import { freshDatabase } from '../support/run.ts'
import { base32, STEP_MS, totp } from '../support/totp.ts'
import { type Folder, postern, putSecrets, temporaryFolder } from './postern.ts'

describe('an operator looks after customers', () => {
  let environment: Record<string, string>
  let folder: Folder
  const run = (args: readonly string[], input?: string) =>
    postern(args, { environment, ...(input !== undefined && { input }) })
  const ada = ['customers', 'add', '--number', '1000000042', '--bank-id', '7f3a', '--name', 'Ada Archer']

  beforeEach(async () => {
    folder = temporaryFolder()
    environment = {
      DATABASE_URL: await freshDatabase(),
      SECRETS_DIR: await putSecrets(folder),
      BANK_NAME: 'Meridian Bank',
    }
  })
  afterEach(() => folder.remove())

  /** Signs in as the customer would, with the house's own judge. */
  async function signingIn(number: string, password: string, totpSecret?: string): Promise<string> {
    const url = environment.DATABASE_URL ?? ''
    const database = openDatabase({ url, poolSize: 2, acquireTimeoutMs: 2_000, statementTimeoutMs: 5_000 })
    const now = () => new Date()
    const signIn = openSignIn({
      credentials: openCredentials(database, { aliases: false, now }),
      hasher: openPasswordHasher(),
      now,
      attemptSecret: attemptSecret(readSecrets(environment.SECRETS_DIR ?? '')),
    })
    const first = await signIn.password(number, password)
    const code = totp(base32(totpSecret ?? 'A'), Math.floor(Date.now() / STEP_MS))
    const last =
      first.outcome === 'accepted' && totpSecret ? await signIn.code(first.customer.id, code) : first
    await database.close()
    return last.outcome
  }

  it('adds one, whose password and code are shown once and work', async () => {
    assert.match((await run(['customers', 'list'])).out, /^No customer yet/)
    const { code, out } = await run(ada)
    assert.equal(code, 0)
    const password = /Password +(\S+)/.exec(out)?.[1] ?? ''
    const secret = /TOTP secret +(\S+)/.exec(out)?.[1] ?? ''
    assert.match(password, /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/)
    assert.match(out, new RegExp(`otpauth://totp/Meridian%20Bank:1000000042\\?secret=${secret}`))
    assert.equal(await signingIn('1000000042', password, secret), 'accepted')
    assert.match((await run(['customers', 'list'])).out, /^1000000042 +7f3a +Ada Archer$/m)
    const audit = await run(['audit', 'list', '--customer', '1000000042', '--json'])
    assert.equal(JSON.parse(audit.out)[0].type, 'customer.added')
    for (const hidden of [password, secret, 'Ada', '1000000042']) assert.ok(!audit.out.includes(hidden))
  })

  it('takes the password from standard input, and does not repeat it', async () => {
    const { out } = await run([...ada, '--password-stdin', '--json'], 'correct horse battery\n')
    assert.deepEqual(Object.keys(JSON.parse(out)), ['customer_number', 'totp_secret', 'otpauth_uri'])
    assert.equal(await signingIn('1000000042', 'correct horse battery'), 'accepted')
    const short = await run(['customers', 'add', '--number', '1', '--bank-id', '..', '--name', ''], '')
    assert.equal(short.code, 1)
    assert.match(short.err, /ten digits\n.*1 to 128 printable.*\n.*1 to 140 readable/)
    assert.match((await run([...ada, '--password-stdin'], '123\n')).err, /password must have 8 to 200/)
  })

  it('refuses a number twice', async () => {
    await run(ada)
    const { code, err } = await run(ada)
    assert.equal(code, 1)
    assert.equal(err, 'There is a customer with this number already. See `postern customers list`.\n')
  })

  it('resets a factor: the old secret is worth nothing from then on', async () => {
    const before = JSON.parse((await run([...ada, '--json'])).out)
    const after = JSON.parse((await run(['customers', 'reset-factor', '1000000042', '--json'])).out)
    assert.notEqual(after.totp_secret, before.totp_secret)
    assert.equal(await signingIn('1000000042', before.password, before.totp_secret), 'refused')
    assert.equal(await signingIn('1000000042', before.password, after.totp_secret), 'accepted')
    assert.match((await run(['audit', 'list'])).out, /customer\.factor-reset +operator/)
    assert.match(
      (await run(['customers', 'reset-factor', '1'])).err,
      /^There is no customer with this number/,
    )
  })

  it('unlocks one whom five failures have locked', async () => {
    const { password } = JSON.parse((await run([...ada, '--json'])).out)
    for (let failure = 1; failure <= 5; failure += 1) await signingIn('1000000042', 'wrong')
    assert.equal(await signingIn('1000000042', password), 'locked')
    assert.equal((await run(['customers', 'unlock', '1000000042'])).out, 'Ada Archer can sign in again.\n')
    assert.equal(await signingIn('1000000042', password), 'accepted')
    assert.match((await run(['audit', 'list'])).out, /customer\.unlocked +operator/)
    const { SECRETS_DIR: _, ...without } = environment
    const { code, err } = await postern(['customers', 'unlock', '1000000042'], { environment: without })
    assert.equal(code, 78)
    assert.match(err, /SECRETS_DIR +is missing\./)
  })

  it('imports a file, and hands over what the customers need in a file of its own', async () => {
    const csv =
      'customer_number,bank_customer_id,name,password\r\n1000000001,a,"O""Hara, Ann",\r\n1000000002,b,Bo,longer than eight\r\n'
    const file = await folder.put('customers.csv', csv)
    const letters = folder.at('letters.csv')
    const imported = await run(['customers', 'import', '--file', file, '--credentials', letters])
    assert.equal(imported.code, 0, imported.err)
    assert.equal(imported.out, '')
    assert.equal((await stat(letters)).mode & 0o777, 0o600)
    const [heading, first = '', second = ''] = (await readFile(letters, 'utf8')).split('\n')
    assert.equal(heading, 'customer_number,password,totp_secret,otpauth_uri')
    const [number = '', password = '', secret = ''] = first.split(',')
    assert.equal(await signingIn(number, password, secret), 'accepted')
    assert.match(second, /^1000000002,,[A-Z2-7]{32},/)
    assert.equal(await signingIn('1000000002', 'longer than eight'), 'accepted')
    assert.match((await run(['customers', 'list'])).out, /^1000000001 +a +O"Hara, Ann$/m)
    assert.equal((await run(['audit', 'list'])).out.match(/customer\.added/g)?.length, 2)
    const again = await run(['customers', 'import', '--file', file, '--credentials', letters])
    assert.match(again.err, /^Nothing was imported: 2 of 2 rows are faulty\.\n/)
  })

  it('reports every faulty row at once and imports nothing then', async () => {
    const rows = [
      'Customer_Number;bank_customer_id;name;password',
      '1000000001;a;Ann;',
      '1;;Bo;short',
      '1000000001;c;Cy;',
      '1000000004;d;Di;longer than eight;more',
    ]
    const file = await folder.put('customers.csv', `\uFEFF${rows.join('\n')}`)
    const { code, out, err } = await run(['customers', 'import', '--file', file])
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(err, /^Nothing was imported: 3 of 4 rows are faulty\.$/m)
    assert.match(
      err,
      /^ {2}line 3: customer_number must be ten digits; bank_customer_id must .*; password must/m,
    )
    assert.match(err, /^ {2}line 4: customer_number is that of line 2$/m)
    assert.match(err, /^ {2}line 5: column 5 is not a member/m)
    assert.match((await run(['customers', 'list'])).out, /^No customer yet/)
  })

  it('imports JSON too, and answers in JSON', async () => {
    const customers = Array.from({ length: 60 }, (_, index) => ({
      customer_number: String(1000000100 + index),
      bank_customer_id: `b${index}`,
      name: `Customer ${index}`,
    }))
    const file = await folder.put('customers.json', customers)
    const { code, out } = await run(['customers', 'import', '--file', file, '--json'])
    assert.equal(code, 0)
    const answer = JSON.parse(out)
    assert.equal(answer.imported, 60)
    assert.equal(answer.customers.length, 60)
    const [{ customer_number, password, totp_secret }] = answer.customers
    assert.equal(await signingIn(customer_number, password, totp_secret), 'accepted')
    for (const [content, refusal] of [
      ['[]', /holds no customer/],
      ['{}', /must hold a JSON array/],
      ['[1]', /customer 1: customer_number must be/],
      ['name\nx', /customer_number, bank_customer_id is missing/],
    ] as const) {
      const faulty = await folder.put('faulty', content)
      assert.match((await run(['customers', 'import', '--file', faulty])).err, refusal)
    }
  })
})
