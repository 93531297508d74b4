import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { Problem } from '../../src/domain/problem.ts'
import { admissionEndpoint } from '../../src/gateway/admission-endpoint.ts'
import type { AdmissionRequest, Admitter, Disclosure } from '../../src/gateway/admitter.ts'
import { openRemoteAdmitter } from '../../src/gateway/remote-admission.ts'
import { openTestAuthority, type TestAuthority } from '../support/pki.ts'
import type { ClientCertificate } from '../support/transport.ts'
import { everyPermission, type House, openHouse } from './harness.ts'

const question: AdmissionRequest = {
  token: 'token',
  scheme: 'Bearer',
  method: 'GET',
  url: 'https://api.meridian.test/accounts',
  interactionId: 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a',
}
const told: Disclosure = {
  ticket: 'ticket',
  clientId: 'acme-budget',
  consentId: 'consent-1',
  endpoint: 'accounts',
  accountIds: ['A-one'],
  rows: 1,
  interactionId: question.interactionId,
}

describe('a gateway that runs alone asks its judge over mutual TLS', () => {
  let ca: TestAuthority
  let serverCertificate: ClientCertificate
  let gatewayCertificate: ClientCertificate
  const open: (() => Promise<void>)[] = []

  before(async () => {
    ca = await openTestAuthority('Gateways')
    serverCertificate = await ca.server(['localhost'])
    gatewayCertificate = await ca.client({ commonName: 'gateway-1' })
  })
  afterEach(async () => {
    for (const close of open.splice(0)) await close()
  })

  async function serve(admitter: Admitter, requestCert = true): Promise<string> {
    const { certificate: cert, key } = serverCertificate
    const tls = { ca: ca.certificate, cert, key, requestCert, rejectUnauthorized: requestCert }
    const server = createServer(tls, admissionEndpoint(admitter))
    const url = await listen(server)
    open.push(async () => {
      server.closeAllConnections()
      server.close()
    })
    return url
  }

  function ask(url: string, more: { ca?: string; identity?: ClientCertificate; timeout?: number } = {}) {
    const { certificate: cert, key } = more.identity ?? gatewayCertificate
    const remote = openRemoteAdmitter({
      url,
      tls: { ca: more.ca ?? ca.certificate, cert, key },
      timeout: more.timeout ?? 1000,
    })
    open.push(() => remote.close())
    return remote
  }

  const yes: Admitter = {
    admit: async () => ({
      admitted: true,
      ticket: 'ticket',
      clientId: 'acme-budget',
      scope: 'accounts',
      nonce: 'fresh',
      consent: {
        id: 'consent-1',
        permissions: everyPermission,
        accounts: [{ accountId: 'A-one', bankAccountId: 'b-1' }],
        expiresAt: new Date('2026-12-01T00:00:00.123Z'),
        transactionsFrom: new Date('2026-01-01T00:00:00Z'),
        bankCustomerId: 'cust-1',
      },
    }),
    disclosed: async () => true,
    refused: async () => {},
  }

  it('the same questions and answers as in one process, dates included', async () => {
    const asked: unknown[] = []
    const url = await serve({
      admit: (request) => {
        asked.push(request)
        return yes.admit(request)
      },
      disclosed: async (disclosure) => {
        asked.push(disclosure)
        return disclosure.rows === 1
      },
      refused: async (refusal) => {
        asked.push(refusal)
      },
    })
    const remote = ask(url)
    assert.deepEqual(await remote.admit(question), await yes.admit(question))
    assert.equal(await remote.disclosed(told), true)
    assert.equal(await remote.disclosed({ ...told, rows: 0 }), false)
    const refusal = { clientId: 'acme-budget', error: 'invalid_token', interactionId: told.interactionId }
    await remote.refused(refusal)
    assert.deepEqual(asked, [question, told, { ...told, rows: 0 }, refusal])
    const no = {
      admitted: false,
      status: 401,
      error: 'use_dpop_nonce',
      description: 'x',
      nonce: 'n',
    } as const
    assert.deepEqual(await ask(await serve({ ...yes, admit: async () => no })).admit(question), no)
  })

  it('a whole request: proof, data, replay', async () => {
    let house: House | undefined
    const url = await serve({
      admit: (request) => judge().admit(request),
      disclosed: (disclosure) => judge().disclosed(disclosure),
      refused: (refusal) => judge().refused(refusal),
    })
    const own: Admitter[] = []
    const judge = (): Admitter => {
      const [first] = own
      assert.ok(first)
      return first
    }
    const remote = ask(url)
    house = await openHouse({
      admitter: (local) => {
        own.push(local)
        return remote
      },
    })
    open.push(() => house?.close() ?? Promise.resolve())
    const token = house.issue()
    const reply = await house.get('/accounts/A-one/balances', token)
    assert.equal(reply.status, 200)
    assert.equal(house.disclosures.length, 1)
    house.tokens.delete(token)
    assert.equal((await house.get('/accounts', token)).status, 401)
  })

  async function isAway(remote: Admitter): Promise<void> {
    const answer = await remote.admit(question)
    assert.deepEqual(
      [answer.admitted, !answer.admitted && answer.status, !answer.admitted && answer.error],
      [false, 503, 'temporarily_unavailable'],
    )
    await assert.rejects(
      remote.disclosed(told),
      (error: unknown) => error instanceof Problem && error.code === 'unavailable',
    )
  }

  it('fails closed when nobody listens', async () => isAway(ask('https://localhost:1')))

  it('fails closed when the judge has no certificate we trust', async () => {
    const other = await openTestAuthority('Somebody else')
    await isAway(ask(await serve(yes), { ca: other.certificate }))
  })

  it('fails closed when the judge does not trust us', async () => {
    const other = await openTestAuthority('Somebody else')
    const stranger = await other.client({ commonName: 'gateway-1' })
    await isAway(ask(await serve(yes), { identity: stranger }))
  })

  it('fails closed when the listener forgot to ask for certificates', async () => {
    await isAway(ask(await serve(yes, false)))
  })

  it('fails closed when the answer is slow, and in time', async () => {
    const silence = () => new Promise<never>(() => {})
    const never: Admitter = { admit: silence, disclosed: silence, refused: silence }
    const started = Date.now()
    await isAway(ask(await serve(never), { timeout: 150 }))
    assert.ok(Date.now() - started < 1500)
  })

  it('fails closed when the judge throws', async () => {
    for (const error of [new Problem('unavailable', 'x'), new Error('bug')]) {
      const fails = () => Promise.reject(error)
      await isAway(ask(await serve({ admit: fails, disclosed: fails, refused: fails })))
    }
  })

  for (const [name, body] of [
    ['an unknown status', { admitted: false, status: 200, error: 'invalid_token', description: 'x' }],
    ['no consent', { admitted: true, ticket: 't', clientId: 'c', scope: 's' }],
    ['a truthy word', { admitted: 'yes' }],
    ['nothing', {}],
    ['an array', []],
  ] as const)
    it(`fails closed on an answer with ${name}`, async () => {
      // Whatever an authority of another version might say.
      const strange = { admit: async () => body, disclosed: async () => 'yes' } as unknown as Admitter
      await isAway(ask(await serve(strange)))
    })

  it('refuses what is not a question: method, path, size, shape', async () => {
    const url = await serve(yes)
    const { certificate: cert, key } = gatewayCertificate
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent({ connect: { ca: ca.certificate, cert, key } })
    open.push(() => dispatcher.close())
    const status = async (path: string, body: string, method: 'GET' | 'POST' = 'POST') => {
      const reply = await request(`${url}${path}`, { dispatcher, method, ...(method === 'POST' && { body }) })
      await reply.body.dump()
      return reply.statusCode
    }
    assert.equal(await status('/admit', JSON.stringify(question)), 200)
    assert.equal(await status('/admit', '', 'GET'), 405)
    assert.equal(await status('/admit/', JSON.stringify(question)), 404)
    assert.equal(await status('/admit', '{"token":'), 400)
    assert.equal(await status('/admit', '[]'), 400)
    assert.equal(await status('/admit', JSON.stringify({ ...question, more: 1 })), 400)
    assert.equal(await status('/admit', JSON.stringify({ ...question, scheme: 'Basic' })), 400)
    assert.equal(await status('/disclosed', JSON.stringify({ ...told, rows: -1 })), 400)
    await assert.rejects(async () => {
      assert.equal(await status('/admit', `${JSON.stringify(question)}${' '.repeat(70_000)}`), 200)
    })
  })

  it('is reached over https only', () => {
    assert.throws(() => ask('http://localhost:1'), TypeError)
  })
})

async function listen(server: Server): Promise<string> {
  server.listen(0)
  await once(server, 'listening')
  return `https://localhost:${(server.address() as AddressInfo).port}`
}
