import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type Bank, openBank } from '../../src/bank/bank.ts'
import { isUnavailable, Problem } from '../../src/domain/problem.ts'
import { openTestAuthority } from '../support/pki.ts'
import { honestBank, movements, openStubBank, type StubBank } from './harness.ts'

describe("the bank's port", () => {
  let stub: StubBank
  let bank: Bank
  const asking = { bankCustomerId: 'cust-1', interactionId: 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a' }
  before(async () => {
    stub = await openStubBank()
    bank = openBank({ url: `${stub.url}/`, timeout: 300 })
  })
  after(async () => {
    await bank.close()
    await stub.close()
  })
  beforeEach(() => {
    stub.seen.length = 0
    stub.handler = honestBank
  })

  it("lists a customer's accounts without what the contract does not name", async () => {
    const accounts = await bank.list('cust-1')
    assert.deepEqual(
      accounts.map(({ accountId }) => accountId),
      ['b-1', 'b-2', 'b-3'],
    )
    assert.match(String(stub.seen[0]?.headers['x-fapi-interaction-id']), /^[0-9a-f-]{36}$/)
  })

  it('asks for a period in UTC', async () => {
    const reply = await bank.answer(
      {
        kind: 'transactions',
        bankAccountId: 'b-1',
        from: new Date('2026-01-01T00:00:00Z'),
        to: new Date('2026-02-01T00:00:00Z'),
      },
      asking,
    )
    assert.ok(reply.kind === 'transactions' && reply.transactions.length === movements.length)
    assert.equal(
      stub.seen[0]?.target,
      'GET /core/customers/cust-1/accounts/b-1/transactions?from=2026-01-01T00%3A00%3A00.000Z&to=2026-02-01T00%3A00%3A00.000Z',
    )
  })

  it('keeps an odd id in its own path segment', async () => {
    for (const id of ['../b-2', 'b-1/balances', 'b-1?x=1', 'b-1#', 'b 1', '%2e%2e', 'b-1\r\nX: y']) {
      await bank.answer({ kind: 'account', bankAccountId: id }, asking).catch(() => undefined)
      assert.equal(stub.seen.at(-1)?.target, `GET /core/customers/cust-1/accounts/${encodeURIComponent(id)}`)
    }
    stub.seen.length = 0
    for (const id of ['', '.', '..'])
      await assert.rejects(bank.answer({ kind: 'account', bankAccountId: id }, asking), isNotFound)
    assert.equal(stub.seen.length, 0)
  })

  it('tells a customer or account the bank does not know from a bank that is away', async () => {
    await assert.rejects(bank.list('cust-404'), isNotFound)
    await assert.rejects(bank.answer({ kind: 'balances', bankAccountId: 'b-9' }, asking), isNotFound)
    stub.handler = (incoming) => incoming.socket.destroy()
    await assert.rejects(bank.list('cust-1'), isUnavailable)
    stub.handler = () => undefined
    await assert.rejects(bank.list('cust-1'), isUnavailable)
  })

  it('says where an answer is wrong, and nothing that stands in it', async () => {
    stub.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ accounts: [{ accountId: 'b-1', holderName: 'Maya Lindqvist', type: 'gold' }] }),
      )
    }
    await assert.rejects(bank.list('cust-1'), (error: unknown) => {
      assert.ok(error instanceof Problem)
      assert.match(error.message, /^The bank's answer about accounts is not as agreed at accounts\.0\.\w+\.$/)
      assert.ok(!`${error.stack}${JSON.stringify(error)}${error.cause}`.includes('Lindqvist'))
      return true
    })
    stub.handler = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end('{"accounts": Lindqvist')
    }
    await assert.rejects(bank.list('cust-1'), (error: unknown) => {
      assert.ok(
        isUnavailable(error) && !`${(error as Error).stack}${(error as Error).cause}`.includes('Lindqvist'),
      )
      return true
    })
  })

  it('is spoken over mutual TLS', async () => {
    const ca = await openTestAuthority('Bank')
    const { certificate: cert, key } = await ca.server(['localhost'])
    const us = await ca.client({ commonName: 'postern' })
    const server = createServer(
      { ca: ca.certificate, cert, key, requestCert: true, rejectUnauthorized: true },
      honestBank,
    )
    server.listen(0)
    await once(server, 'listening')
    const url = `https://localhost:${(server.address() as AddressInfo).port}/core`
    const stranger = await (await openTestAuthority('Stranger')).client({ commonName: 'postern' })
    const ours = openBank({ url, tls: { ca: ca.certificate, cert: us.certificate, key: us.key } })
    const theirs = openBank({
      url,
      tls: { ca: ca.certificate, cert: stranger.certificate, key: stranger.key },
    })
    try {
      assert.equal((await ours.list('cust-1')).length, 3)
      await assert.rejects(theirs.list('cust-1'), isUnavailable)
    } finally {
      await Promise.all([ours.close(), theirs.close()])
      server.closeAllConnections()
      server.close()
    }
  })

  it('is not spoken in clear over a network', () => {
    for (const url of ['http://bank.test/core', 'ftp://localhost/', 'https://localhost/'])
      assert.throws(() => openBank({ url }), TypeError)
  })
})

function isNotFound(error: unknown): boolean {
  return error instanceof Problem && error.code === 'not-found'
}
