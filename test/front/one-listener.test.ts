import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { certificateThumbprint } from '../../src/front/client-certificate.ts'
import { type Listener, type ListenerSettings, openListener } from '../../src/front/listener.ts'
import { openTestAuthority, type TestAuthority } from '../support/pki.ts'
import { firstStatus, sendRaw } from '../support/raw-socket.ts'
import { type Answer, openTransport, type Transport } from '../support/transport.ts'

const HOST = 'auth.bank.test'

describe('a listener', () => {
  let authority: TestAuthority
  let transport: Transport
  let tlsPair: { cert: string; key: string }
  const open: Listener[] = []
  before(async () => {
    authority = await openTestAuthority()
    transport = openTransport({ ca: authority.certificate })
    const { certificate, key } = await authority.server([HOST])
    tlsPair = { cert: certificate, key }
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close(100)))
  })
  after(() => transport.close())

  type Handler = (request: IncomingMessage, response: ServerResponse) => void
  const echo: Handler = (request, response) => {
    response.end(
      JSON.stringify({ headers: request.headers, thumbprint: certificateThumbprint(request) ?? null }),
    )
  }

  async function listen(more: Partial<ListenerSettings> = {}, handler = echo): Promise<string> {
    const publicUrl = `https://${HOST}`
    const settings = { name: 'test', host: '127.0.0.1', port: 0, publicUrl, tls: tlsPair, ...more }
    const listener = openListener(settings, handler)
    open.push(listener)
    return `https://${HOST}:${await listener.start()}`
  }
  const get = (base: string, headers = {}): Promise<Answer> =>
    transport.send({ url: base, headers: { host: HOST, ...headers } })
  const raw = async (base: string, lines: readonly string[]) =>
    sendRaw(`${lines.join('\r\n')}\r\n\r\n`, { to: base, ca: authority.certificate, patienceMs: 1_000 })

  describe('knows its own name (threats A21)', () => {
    it('in any case', async () => {
      const base = await listen()
      for (const host of [HOST, HOST.toUpperCase()]) assert.equal((await get(base, { host })).status, 200)
    })

    const strangers = [
      'evil.test',
      `${HOST}:444`,
      `${HOST}.`,
      `evil.test:x@${HOST}`,
      `${HOST}@evil.test`,
      `${HOST}, evil.test`,
      `${HOST}/evil`,
      `x.${HOST}`,
      '127.0.0.1',
      'localhost',
    ]
    for (const host of strangers)
      it(`and answers 421 to "${host}", before anything else looks`, async () => {
        let seen = 0
        const base = await listen({}, () => (seen += 1))
        const answer = await raw(base, ['GET / HTTP/1.1', `Host: ${host}`])
        assert.equal(firstStatus(answer), 421)
        assert.ok(!answer.includes('evil'), 'the stranger is not repeated')
        assert.match(answer, /cache-control: no-store/i)
        assert.equal(seen, 0)
      })

    const malformed: Readonly<Record<string, readonly string[]>> = {
      'no Host': ['GET / HTTP/1.1'],
      'an HTTP/1.0 request without Host': ['GET / HTTP/1.0'],
      'two Hosts': ['GET / HTTP/1.1', `Host: ${HOST}`, 'Host: evil.test'],
      'the same Host twice': ['GET / HTTP/1.1', `Host: ${HOST}`, `Host: ${HOST}`],
      'an absolute target': ['GET https://evil.test/ HTTP/1.1', `Host: ${HOST}`],
      'a target that is a star': ['OPTIONS * HTTP/1.1', `Host: ${HOST}`],
      'a target without slash': ['GET evil HTTP/1.1', `Host: ${HOST}`],
    }
    for (const [what, lines] of Object.entries(malformed))
      it(`and answers 400 to ${what}`, async () => {
        let seen = 0
        const base = await listen({}, () => (seen += 1))
        const status = firstStatus(await raw(base, lines))
        assert.ok(status === 400 || status === 421, String(status))
        assert.equal(seen, 0)
      })

    it('unless every caller has proved who it is', async () => {
      const base = await listen({ anyHost: true })
      assert.equal((await get(base, { host: '10.0.0.7:8443' })).status, 200)
    })

    it('and takes no CONNECT and no upgrade', async () => {
      const base = await listen()
      const connect = await raw(base, [`CONNECT ${HOST}:443 HTTP/1.1`, `Host: ${HOST}`])
      assert.notEqual(firstStatus(connect), 200)
      const upgrade = await raw(base, [
        'GET / HTTP/1.1',
        `Host: ${HOST}`,
        'Connection: upgrade',
        'Upgrade: websocket',
      ])
      assert.notEqual(firstStatus(upgrade), 101)
    })
  })

  it('forgets what a visitor says a proxy said, and says itself what the visitor sees', async () => {
    const base = await listen()
    const claims = [
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Forwarded-Client-Cert',
      'Forwarded',
      'X-Real-IP',
      'X-Amzn-Mtls-Clientcert',
      'X-Amzn-Mtls-Clientcert-Leaf',
      'Client-Cert',
      'Client-Cert-Chain',
      'X-Client-Cert',
      'SSL-Client-Cert',
      'X-SSL-Client-Cert',
      'X-SSL-Cert',
      'X-Original-URL',
      'X-Original-Host',
      'X-Rewrite-URL',
      'X-HTTP-Method-Override',
    ]
    const answer = await get(base, Object.fromEntries(claims.map((name) => [name, 'evil.test'])))
    const { headers } = answer.json() as { headers: Record<string, string> }
    assert.deepEqual(
      Object.entries(headers).filter(([, value]) => value.includes('evil')),
      [],
    )
    assert.equal(headers['x-forwarded-proto'], 'https')
    assert.equal(headers['x-forwarded-host'], HOST)
  })

  describe('speaks TLS', () => {
    const shake = (base: string, options: tls.ConnectionOptions): Promise<string> =>
      new Promise((resolve) => {
        const { port } = new URL(base)
        const socket = tls.connect({
          host: '127.0.0.1',
          port: Number(port),
          servername: HOST,
          ca: authority.certificate,
          ...options,
        })
        socket.once('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${socket.getCipher().name}`)
          socket.destroy()
        })
        socket.once('error', () => resolve('refused'))
      })

    it('1.3, and 1.2 with the four ciphers of BCP 195 alone (RFC 9325 §4.2)', async () => {
      const base = await listen()
      assert.match(await shake(base, {}), /^TLSv1\.3 TLS_AES_256_GCM_SHA384$/)
      const only = (ciphers: string) => shake(base, { maxVersion: 'TLSv1.2', ciphers })
      for (const size of [128, 256]) {
        const hash = size === 128 ? 256 : 384
        assert.match(await only(`ECDHE-RSA-AES${size}-GCM-SHA${hash}`), /^TLSv1\.2/)
      }
      for (const weak of [
        'AES128-GCM-SHA256',
        'ECDHE-RSA-AES128-SHA256',
        'ECDHE-RSA-AES256-SHA',
        'AES256-SHA',
        'DHE-RSA-AES256-GCM-SHA384',
      ])
        assert.equal(await only(weak), 'refused', weak)
    })

    it('and neither 1.1 nor 1.0', async () => {
      const base = await listen()
      // Security level 0 is what lets this client itself offer the old versions.
      for (const maxVersion of ['TLSv1.1', 'TLSv1'] as const)
        assert.equal(
          await shake(base, { minVersion: 'TLSv1', maxVersion, ciphers: 'ALL:@SECLEVEL=0' }),
          'refused',
        )
    })

    it('and nothing else: plain HTTP gets no answer of ours', async () => {
      const base = await listen()
      const answer = await sendRaw(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, {
        to: base.replace('https:', 'http:'),
        patienceMs: 1_000,
      })
      assert.ok(!answer.includes('200'))
    })
  })

  describe('asks for certificates', () => {
    it('and knows the one that the handshake proved, by its thumbprint (RFC 8705 §3.1)', async () => {
      const base = await listen({ asksForCertificate: true })
      const certificate = await authority.client({ commonName: 'acme' })
      const headers = { host: HOST, 'client-cert': certificate.certificate.replaceAll('\n', '') }
      const proved = await transport.send({ url: base, headers, certificate })
      assert.match(String(proved.json().thumbprint), /^[A-Za-z0-9_-]{43}$/)
      assert.equal((await transport.send({ url: base, headers })).json().thumbprint, null)
    })

    it('of its own CA alone where it is private', async () => {
      const other = await openTestAuthority('another CA')
      const base = await listen({ clientCa: authority.certificate, anyHost: true })
      const good = await authority.client({ commonName: 'gateway' })
      assert.equal((await transport.send({ url: base, certificate: good })).status, 200)
      const bad = await other.client({ commonName: 'gateway' })
      for (const certificate of [bad, false] as const)
        await assert.rejects(transport.send({ url: base, certificate }), { name: 'Unanswered' })
    })
  })

  describe('is not held up', () => {
    it('by headers that never end: the connection is ended in 10 seconds or little more', async () => {
      const base = await listen()
      const started = performance.now()
      const answer = await sendRaw(`GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Slow: `, {
        to: base,
        ca: authority.certificate,
        patienceMs: 20_000,
      })
      const seconds = (performance.now() - started) / 1000
      assert.ok(seconds < 19, `${seconds} s`)
      assert.ok(firstStatus(answer) === 408 || answer === '', answer.slice(0, 40))
    })

    it('by headers that are too large', async () => {
      const base = await listen()
      const status = firstStatus(
        await raw(base, ['GET / HTTP/1.1', `Host: ${HOST}`, `X-Large: ${'x'.repeat(40_000)}`]),
      )
      assert.ok(status === 431 || status === undefined, String(status))
    })

    it('by a port that somebody else has: it says so', async () => {
      const other = net.createServer()
      const port = await new Promise<number>((resolve) =>
        other.listen(0, '127.0.0.1', () => resolve((other.address() as net.AddressInfo).port)),
      )
      await assert.rejects(listen({ port }), {
        code: 'unavailable',
        message: new RegExp(`${port} is in use`),
      })
      other.close()
      open.splice(0)
    })
  })

  describe('closes', () => {
    it('after what is under way has been answered, and takes nothing new', async () => {
      const { promise: arrived, resolve: arrive } = Promise.withResolvers<ServerResponse>()
      const base = await listen({}, (_request, response) => arrive(response))
      const answer = get(base)
      const response = await arrived
      const closing = open[0]?.close(5_000)
      await assert.rejects(transport.send({ url: base, certificate: false, headers: { host: HOST } }))
      response.end('{}')
      assert.equal((await answer).status, 200)
      const answered = performance.now()
      await closing
      assert.ok(performance.now() - answered < 2_000, 'the idle connection was waited for')
    })

    it('without waiting for connections that only idle', async () => {
      const base = await listen()
      await get(base)
      const started = performance.now()
      await open[0]?.close(10_000)
      assert.ok(performance.now() - started < 2_000)
    })

    it('in the end, whatever is still under way', async () => {
      const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
      const base = await listen({}, () => arrive())
      const answer = assert.rejects(get(base))
      await arrived
      await open[0]?.close(200)
      await answer
    })
  })
})
