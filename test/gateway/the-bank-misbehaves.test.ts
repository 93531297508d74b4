import assert from 'node:assert/strict'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { account, type BankHandler, type House, honestBank, json, movements, openHouse } from './harness.ts'

describe('the bank behind the gateway misbehaves', () => {
  let house: House
  before(async () => {
    house = await openHouse({ bankTimeout: 300 })
  })
  after(() => house.close())
  beforeEach(() => {
    house.disclosures.length = 0
    house.observations.length = 0
    house.bank.handler = honestBank
  })

  const good = JSON.stringify({ transactions: movements })
  const written =
    (body: string | Buffer, headers: Record<string, string> = {}, status = 200): BankHandler =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(body)
    }
  const oneWith =
    (changes: object): BankHandler =>
    (_, response) =>
      json(response, 200, { transactions: [{ ...movements[1], ...changes }] })

  const faults: readonly (readonly [string, BankHandler])[] = [
    [
      'answers 500 with a stack trace',
      written('Error: at core (10.0.0.7)', { 'content-type': 'text/html' }, 500),
    ],
    ['answers 500 with data', written(good, {}, 500)],
    ['answers a part', written(good, {}, 206)],
    ['answers 503', written('{}', {}, 503)],
    ['answers 401', written('{"error":"who"}', {}, 401)],
    ['sends elsewhere', written('', { location: 'http://127.0.0.1:1/' }, 302)],
    ["answers a proxy's 404", written('<h1>Not Found</h1>', { 'content-type': 'text/html' }, 404)],
    ['answers 404 in other words', written('{"error":"no such route"}', {}, 404)],
    ['resets the connection', (incoming) => incoming.socket.resetAndDestroy()],
    [
      'promises more than it sends',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '5000' })
        response.write(good.slice(0, 20), () => response.destroy())
      },
    ],
    [
      'breaks off in the middle of a chunked answer',
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write(good, () => response.destroy())
      },
    ],
    ['answers broken JSON', written(good.slice(0, -5))],
    ['answers HTML with 200', written(good, { 'content-type': 'text/html' })],
    ['answers nothing', written('')],
    ['answers null', written('null')],
    ['answers another question', written(JSON.stringify({ balances: [] }))],
    ['answers compressed, unasked', written(gzipSync(good), { 'content-encoding': 'gzip' })],
    ['answers more than 10 MB', written(`{"transactions":[],"x":"${'x'.repeat(11 * 1024 * 1024)}"}`)],
    ['writes an amount as a number', oneWith({ amount: -4 })],
    ['hides the sign of an amount', oneWith({ amount: ' -4.00' })],
    ['writes a date without a zone', oneWith({ bookedAt: '2026-06-14T09:00:00' })],
    ['invents a status', oneWith({ status: 'maybe' })],
    ['leaves out the currency', oneWith({ currency: undefined })],
  ]
  for (const [name, handler] of faults)
    it(`it ${name}: 502, and nothing of it gets out`, async () => {
      house.bank.handler = handler
      const reply = await house.get('/accounts/A-one/transactions', house.issue())
      assert.equal(reply.status, 502)
      assert.deepEqual(reply.json, {
        error: 'temporarily_unavailable',
        error_description: "The bank's systems gave no usable answer.",
      })
      assert.equal(house.disclosures.length, 0)
      assert.equal(house.observations[0]?.fault, undefined)
    })

  it('it answers about another account: 502', async () => {
    house.bank.handler = (_, response) => json(response, 200, account('b-3'))
    assert.equal((await house.get('/accounts/A-one', house.issue())).status, 502)
  })

  it('it no longer shares an account: neither listed nor given', async () => {
    const closed = account('b-1', { shareable: false, notShareableBecause: 'Closed.' })
    house.bank.handler = (incoming, response) =>
      json(
        response,
        200,
        incoming.url?.endsWith('/accounts') ? { accounts: [closed, account('b-2')] } : closed,
      )
    assert.equal((await house.get('/accounts', house.issue())).json.accounts.length, 1)
    assert.equal((await house.get('/accounts/A-one', house.issue())).status, 403)
  })

  it('it is slow: 504 in time, and its request is ended', async () => {
    const ended = new Promise<void>((resolve) => {
      house.bank.handler = (incoming) => void incoming.socket.once('close', () => resolve())
    })
    const reply = await house.get('/accounts/A-one/balances', house.issue())
    assert.deepEqual([reply.status, reply.json.error], [504, 'temporarily_unavailable'])
    await ended
  })

  it('it drips: 504 in time', async () => {
    house.bank.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(drip))
    }
    assert.equal((await house.get('/accounts', house.issue())).status, 504)
  })

  it('the client leaves: the request to the bank ends and nothing is recorded', async () => {
    const patient = await openHouse()
    const token = patient.issue()
    const proof = await patient.prover.proof({ token, path: '/accounts' })
    const outgoing = request({
      host: '127.0.0.1',
      port: patient.port,
      path: '/open-banking/accounts',
      headers: { authorization: `DPoP ${token}`, dpop: proof },
    })
    outgoing.on('error', () => undefined)
    const ended = new Promise<void>((resolve) => {
      patient.bank.handler = (incoming) => {
        incoming.socket.once('close', () => resolve())
        outgoing.destroy()
      }
    })
    outgoing.end()
    const started = Date.now()
    await ended
    assert.ok(Date.now() - started < 4000, 'at once, not when patience ends')
    await until(() => patient.observations.length === 1)
    assert.deepEqual([patient.observations[0]?.status, patient.observations[0]?.error], [499, 'client_left'])
    assert.equal(patient.disclosures.length, 0)
    await patient.close()
  })

  it("its headers stay its own, and a field it adds stays the bank's", async () => {
    const reply = await house.get('/accounts/A-one', house.issue())
    assert.equal(reply.status, 200)
    assert.ok(!/CoreBank|10\.0\.0\.7|internalScore/.test(reply.text + JSON.stringify(reply.headers)))
  })

  it('it comes back: so do we', async () => {
    house.bank.handler = (incoming) => incoming.socket.resetAndDestroy()
    const token = house.issue()
    assert.equal((await house.get('/accounts', token)).status, 502)
    house.bank.handler = honestBank
    assert.equal((await house.get('/accounts', token)).status, 200)
  })
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
