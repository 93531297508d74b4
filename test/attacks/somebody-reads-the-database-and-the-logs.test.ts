import assert from 'node:assert/strict'
import { readCallback } from '../support/authorization-request.ts'
import { agree, stopConnection } from '../support/customer.ts'
import { type House, openHouse, storedKey } from '../support/house.ts'
import { isObject, objectsMember } from '../support/json.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { Page } from '../support/page.ts'
import type { AskedRequest, ThirdParty } from '../support/third-party.ts'

/** What must be found nowhere, by what it is. */
type Secrets = Map<string, string>

describe('somebody reads the database and the logs', () => {
  let house: House
  const secrets: Secrets = new Map()
  const numbers = new Set<string>()
  let dump = ''
  let audit = ''
  before(async () => {
    house = await openHouse({ config: { logLevel: 'debug' } })
    await everythingHappens()
    dump = await wholeDatabase()
    audit = JSON.stringify(await house.sql('select * from audit_event'))
  })
  after(() => house.close())

  /** Registration, consent, tokens, data, refresh, mistakes, connected apps, stop: and every secret on the way. */
  async function everythingHappens(): Promise<void> {
    const key = await makeKeyPair('ES256')
    const redirectUris = ['https://acme-budget.test/callback'] as const
    const facts = { name: 'Acme Budget', redirectUris, roles: ['AISP'], keys: [key] }
    const statement = house.directory.statement(facts)
    secrets.set('software statement', statement)
    const acme = await house.register({ alg: 'ES256', key, statement })

    const asked = await firstAsked(acme)
    const browser = house.browser()
    const customer = await house.customer()
    secrets.set('password', customer.facts.password)
    const page = await customer.arrive(browser, asked.url)
    overheard(page, 'journey')
    const callback = await agree(browser, page, { accounts: 'all' })
    for (const { name, value } of browser.jar.cookies) secrets.set(`cookie ${name}`, value)
    const code = readCallback(callback, asked, house.issuer)
    secrets.set('code', code)

    const told = inAdvance(acme, 'token_endpoint', 'at /token')
    const tokens = await acme.accept(await acme.exchange(code, asked, told), asked)
    secrets.set('access token', tokens.accessToken)
    secrets.set('refresh token', tokens.refreshToken ?? '')
    secrets.set('id_token', tokens.idToken ?? '')
    const renewed = await acme.renew(tokens.refreshToken ?? '')
    secrets.set('second access token', renewed.accessToken)
    await readsEverything(acme, renewed.accessToken)
    await mistakes(acme, renewed.accessToken, code, asked)

    const list = await customer.openConnections(browser, house.issuer)
    overheard(list, 'connected apps')
    for (const { name, value } of browser.jar.cookies) secrets.set(`cookie ${name}, later`, value)
    await stopConnection(browser, list)
  }

  function inAdvance(acme: ThirdParty, endpoint: string, where: string) {
    const assertion = acme.caller.assertion()
    const to = { server: 'authority', method: 'POST', url: acme.endpoint(endpoint) } as const
    const proof = acme.caller.proof(to)
    secrets.set(`assertion ${where}`, assertion)
    secrets.set(`signature of the assertion ${where}`, assertion.split('.')[2] ?? '')
    secrets.set(`proof ${where}`, proof)
    return { assertion, proof }
  }

  async function firstAsked(acme: ThirdParty): Promise<AskedRequest> {
    // Learns the nonce, so that the next request can be made in advance.
    await acme.ask()
    const told = inAdvance(acme, 'pushed_authorization_request_endpoint', 'at /par')
    const asked = await acme.ask(undefined, told)
    secrets.set('request_uri', asked.requestUri)
    secrets.set('random part of the request_uri', asked.requestUri.split(':').at(-1) ?? '')
    secrets.set('verifier', asked.verifier)
    return asked
  }

  async function readsEverything(acme: ThirdParty, accessToken: string): Promise<void> {
    const body = await acme.read('/accounts', accessToken)
    for (const account of objectsMember(body, 'accounts', '/accounts')) {
      const { identification } = account
      if (isObject(identification)) numbers.add(String(identification.value))
      for (const suffix of ['', '/balances', '/transactions'])
        await acme.read(`/accounts/${account.accountId}${suffix}`, accessToken)
    }
  }

  /** Requests that go wrong are what logs are full of. */
  async function mistakes(
    acme: ThirdParty,
    accessToken: string,
    code: string,
    asked: AskedRequest,
  ): Promise<void> {
    await acme.resource(`/accounts?access_token=${accessToken}`, accessToken)
    await acme.resource(`/accounts/${[...numbers][0]}`, accessToken)
    await acme.resource('/accounts', accessToken, { scheme: 'Bearer' })
    await acme.refresh(accessToken)
    await acme.refresh('none', { url: `${acme.endpoint('token_endpoint')}?code=${code}` })
    await acme.introspect(accessToken)
    await acme.exchange(code, { ...asked, redirectUri: `${asked.redirectUri}/${code}` })
    await house.browser().get(`${house.issuer}/authorize?code=${code}&client_id=${accessToken}`)
    await house.browser().get(`${house.issuer}/connections/${accessToken}`)
  }

  function overheard(page: Page, where: string): void {
    for (const [index, answer] of page.trail.entries())
      for (const [place, line] of (answer.headers['set-cookie'] ?? []).entries())
        secrets.set(
          `${where}: cookie ${index}.${place}`,
          line.split(';')[0]?.split('=').slice(1).join('=') ?? '',
        )
    for (const [index, field] of page.fields('csrf').entries())
      secrets.set(`${where}: form token ${index}`, field.value)
  }

  async function wholeDatabase(): Promise<string> {
    const tables = await house.sql<{ name: string }>(
      `select quote_ident(table_schema) || '.' || quote_ident(table_name) as name from information_schema.tables
        where table_schema not in ('pg_catalog', 'information_schema')`,
    )
    assert.ok(tables.length > 15)
    const texts: string[] = []
    for (const { name } of tables) {
      const rows = await house.sql<{ row: string }>(`select t::text as row from ${name} t`)
      texts.push(name, ...rows.map(({ row }) => row))
    }
    return texts.join('\n')
  }

  it('and finds no token, code, request_uri, verifier, assertion, password or cookie in any spelling', () => {
    assert.ok(secrets.size > 20, `${secrets.size} secrets`)
    const logs = house.processes.map((process) => process.logged()).join('\n')
    assert.ok(logs.split('\n').length > 30, 'there are logs')
    for (const [what, secret] of secrets) {
      if (secret.length < 16) continue
      for (const spelling of spellings(secret)) {
        assert.ok(!dump.includes(spelling), `the ${what} is in the database: ${around(dump, spelling)}`)
        assert.ok(!logs.includes(spelling), `the ${what} is in the logs: ${around(logs, spelling)}`)
      }
    }
  })

  it('and would find one: what is kept of a token is its SHA-256', () => {
    assert.ok(dump.includes(storedKey(secrets.get('access token') ?? '').toString('hex')))
    assert.ok(dump.includes('Acme Budget'))
  })

  it('and finds no account number in the logs or the audit trail', () => {
    assert.equal(numbers.size, 3)
    const logs = house.processes.map((process) => process.logged()).join('\n')
    for (const number of numbers)
      for (const spelling of spellings(number)) {
        assert.ok(!logs.includes(spelling), around(logs, spelling))
        assert.ok(!audit.includes(spelling), around(audit, spelling))
      }
  })

  it('and finds no customer in the audit trail: neither number nor name nor the bank’s id', async () => {
    const customers = await house.sql<{ id: string; customer_number: string; bank_customer_id: string }>(
      'select id, customer_number, bank_customer_id from customer',
    )
    const logs = house.processes.map((process) => process.logged()).join('\n')
    for (const { id, customer_number: number, bank_customer_id: bankId } of customers)
      for (const text of [id, number, bankId]) {
        assert.ok(!audit.includes(text), around(audit, text))
        assert.ok(!logs.includes(text), around(logs, text))
      }
  })
})

/** The ways in which a text could have been written down. */
function spellings(secret: string): readonly string[] {
  const bytes = Buffer.from(secret)
  const ways = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/.?=*$/, ''),
    bytes.toString('base64url').replace(/.$/, ''),
  ]
  if (/^[A-Za-z0-9_-]+$/.test(secret)) {
    const random = Buffer.from(secret, 'base64url')
    ways.push(random.toString('hex'), random.toString('base64').replace(/.?=*$/, ''))
  }
  return [...new Set(ways)]
}

function around(text: string, part: string): string {
  const at = text.indexOf(part)
  return text.slice(Math.max(0, at - 200), at + part.length + 60)
}
