import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type Answer, ask } from './ask.ts'
import * as port from './bank-port.ts'
import { filesOf, type Identity, type TestAuthority, testAuthority } from './certificates.ts'
import { type Child, startChild } from './child.ts'

const DAY = 24 * 60 * 60 * 1000

describe('the demo bank', () => {
  let authority: TestAuthority
  let gate: Identity
  let bank: Child
  let environment: Record<string, string>

  const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(bank.url + path, { headers, tls: { ca: authority.pem, ...gate } })
  const accountsOf = async (customer: string) =>
    port.accounts.parse((await get(`/customers/${customer}/accounts`)).json()).accounts
  const rowsOf = async (customer: string, account: string, range = '') =>
    port.transactions.parse(
      (await get(`/customers/${customer}/accounts/${account}/transactions${range}`)).json(),
    ).transactions

  before(async () => {
    authority = await testAuthority('Test CA')
    gate = await authority.identity('postern', 'clientAuth')
    const server = await authority.identity('localhost', 'serverAuth')
    const files = await filesOf({ cert: server.cert, key: server.key, ca: authority.pem })
    environment = { TLS_CERT_FILE: files.cert, TLS_KEY_FILE: files.key, CLIENT_CA_FILE: files.ca }
    bank = await startChild('bank', environment)
  })
  after(() => bank?.stop())

  it('refuses whoever has no client certificate of its gate', async () => {
    const stranger = await (await testAuthority('Test CA')).identity('postern', 'clientAuth')
    const server = await authority.identity('localhost', 'serverAuth')
    for (const identity of [{}, stranger, server]) {
      const answer = await ask(`${bank.url}/customers/alice/accounts`, {
        tls: { ca: authority.pem, ...identity },
      })
      assert.equal(answer.status, 401)
      assert.equal(port.error.parse(answer.json()).error, 'unauthenticated')
    }
  })

  it('repeats the interaction id, and wants one', async () => {
    const id = randomUUID()
    const answer = await get('/customers/alice/accounts', { 'x-fapi-interaction-id': id })
    assert.equal(answer.headers['x-fapi-interaction-id'], id)
    const missing = await get('/customers/alice/accounts', { 'x-fapi-interaction-id': 'none' })
    assert.equal(missing.status, 400)
    assert.equal(port.error.parse(missing.json()).error, 'invalid-request')
  })

  it('gives Alice three accounts to share and one that she cannot', async () => {
    const accounts = await accountsOf('alice')
    const shareable = accounts.filter(({ shareable }) => shareable)
    assert.deepEqual(
      shareable.map(({ nickname, type }) => [nickname, type]),
      [
        ['Everyday account', 'current'],
        ['Rainy-day savings', 'savings'],
        ['Joint account with Bob', 'current'],
      ],
    )
    assert.deepEqual(shareable[2]?.heldWith, ['Bob'])
    const [kids, ...none] = accounts.filter(({ shareable }) => !shareable)
    assert.equal(none.length, 0)
    assert.equal(kids?.nickname, "Kids' account")
    assert.equal(kids?.notShareableBecause, 'Accounts for under-18s cannot be shared.')
  })

  it('keeps one set of books for the joint account, whoever looks', async () => {
    const alices = (await accountsOf('alice')).find(({ heldWith }) => heldWith)
    const bobs = (await accountsOf('bob')).find(({ heldWith }) => heldWith)
    assert.equal(alices?.accountId, bobs?.accountId)
    assert.deepEqual(bobs?.heldWith, ['Alice'])
    const id = alices?.accountId ?? ''
    const to = `?to=${new Date(Date.now() - DAY).toISOString()}`
    const [first, second] = await Promise.all([rowsOf('alice', id, to), rowsOf('bob', id, to)])
    const identity = ({ transactionId, amount }: (typeof first)[number]) => [transactionId, amount]
    assert.deepEqual(first.map(identity).slice(0, 100), second.map(identity).slice(0, 100))
  })

  it('has nothing that Carol could share', async () => {
    const accounts = await accountsOf('carol')
    assert.deepEqual(
      accounts.map(({ shareable }) => shareable),
      [false],
    )
  })

  it('knows its other personas, and nobody else', async () => {
    for (const persona of ['bob', 'dave', 'erin', 'frank'])
      assert((await accountsOf(persona)).filter(({ shareable }) => shareable).length >= 2, persona)
    for (const unknown of [
      'mallory',
      'constructor',
      '__proto__',
      'fresh-',
      'fresh-UP',
      `fresh-${'a'.repeat(36)}`,
      '%2e%2e',
    ]) {
      const answer = await get(`/customers/${unknown}/accounts`)
      assert.equal(answer.status, 404, unknown)
      assert.equal(port.error.parse(answer.json()).error, 'not-found')
    }
  })

  it('gives a fresh customer three accounts to share, the same ones each time', async () => {
    const [one, again, other] = [
      await accountsOf('fresh-1'),
      await accountsOf('fresh-1'),
      await accountsOf('fresh-2'),
    ]
    assert.equal(one.filter(({ shareable }) => shareable).length, 3)
    const lasting = (accounts: typeof one) => accounts.map(({ balance: _, ...account }) => account)
    assert.deepEqual(lasting(one), lasting(again))
    assert.notDeepEqual(lasting(one), lasting(other))
  })

  it('answers 404 for an account of somebody else, on every path', async () => {
    for (const part of ['', '/balances', '/transactions']) {
      const answer = await get(`/customers/dave/accounts/alice-everyday${part}`)
      assert.equal(answer.status, 404, part)
    }
  })

  it('has a year of rows, newest first, with ids of their own', async () => {
    for (const { accountId } of await accountsOf('alice')) {
      const rows = await rowsOf('alice', accountId)
      const times = rows.map(({ bookedAt }) => Date.parse(bookedAt))
      assert.deepEqual(
        times,
        times.toSorted((one, other) => other - one),
      )
      assert.equal(new Set(rows.map(({ transactionId }) => transactionId)).size, rows.length)
      assert((times[0] ?? 0) <= Date.now() && (times.at(-1) ?? 0) >= Date.now() - 366 * DAY, accountId)
      assert((times.at(-1) ?? 0) < Date.now() - 330 * DAY, accountId)
    }
  })

  it('gives only the rows of the range that was asked for', async () => {
    const from = new Date(Date.now() - 60 * DAY)
    const to = new Date(Date.now() - 30 * DAY)
    const all = await rowsOf('alice', 'alice-everyday')
    const some = await rowsOf('alice', 'alice-everyday', `?from=${from.toISOString()}&to=${to.toISOString()}`)
    assert(some.length > 10)
    const within = ({ bookedAt }: { bookedAt: string }) =>
      new Date(bookedAt) >= from && new Date(bookedAt) <= to
    assert.deepEqual(
      some.map(({ transactionId }) => transactionId),
      all.filter(within).map(({ transactionId }) => transactionId),
    )
    assert.deepEqual(
      await rowsOf('alice', 'alice-everyday', `?from=${to.toISOString()}&to=${from.toISOString()}`),
      [],
    )
  })

  it('refuses dates that are none', async () => {
    for (const range of [
      'from=yesterday',
      'to=2026-13-01T00:00:00Z',
      'from=2026-01-01',
      'from=2026-01-01T00:00:00Z&from=x',
    ]) {
      const answer = await get(`/customers/alice/accounts/alice-everyday/transactions?${range}`)
      assert.equal(answer.status, 400, range)
      assert.equal(port.error.parse(answer.json()).error, 'invalid-request')
    }
  })

  it('changes a balance by exactly what its rows say', async () => {
    for (const { accountId, balance } of await accountsOf('alice')) {
      const rows = await rowsOf('alice', accountId)
      const answer = await get(`/customers/alice/accounts/${accountId}/balances`)
      const [available, booked] = port.balances.parse(answer.json()).balances
      assert.equal(available?.amount, balance.amount)
      const pending = rows.filter(({ status }) => status === 'pending')
      const total = pending.reduce((sum, { amount }) => sum + pence(amount), 0)
      assert.equal(pence(booked?.amount ?? '') + total, pence(available?.amount ?? ''))
    }
  })

  it('keeps ids and rows through a restart', async () => {
    const before = await rowsOf('alice', 'alice-rainy-day')
    const other = await startChild('bank', environment)
    const answer = await ask(`${other.url}/customers/alice/accounts/alice-rainy-day/transactions`, {
      tls: { ca: authority.pem, ...gate },
    })
    assert.deepEqual(port.transactions.parse(answer.json()).transactions, before)
    assert.equal(await other.stop(), 0)
  })

  it('is down for one persona and slow for another', async () => {
    const down = await get('/customers/down/accounts')
    assert.equal(down.status, 503)
    assert.equal(port.error.parse(down.json()).error, 'unavailable')
    const start = performance.now()
    assert.equal((await get('/customers/slow/accounts')).status, 200)
    assert(performance.now() - start > 7900)
  }).timeout(20_000)

  it('answers GET and nothing else', async () => {
    const answer = await ask(`${bank.url}/customers/alice/accounts`, {
      method: 'DELETE',
      tls: { ca: authority.pem, ...gate },
    })
    assert.equal(answer.status, 405)
    assert.equal(answer.headers.allow, 'GET')
  })
})

function pence(amount: string): number {
  return Number(amount.replace('.', ''))
}
