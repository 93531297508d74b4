import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import {
  FetchFailed,
  FetchRefused,
  type GuardedFetch,
  openGuardedFetch,
} from '../../src/registration/guarded-fetch.ts'

type Kind = typeof FetchRefused | typeof FetchFailed
const rejectsAs = (kind: Kind, promise: Promise<unknown>, pattern = /./) =>
  assert.rejects(promise, (error: unknown) => error instanceof kind && pattern.test(error.message))

describe('the guarded fetch', () => {
  const opened: { close(): unknown }[] = []
  let requests = 0

  async function serve(listener: RequestListener): Promise<string> {
    const server: Server = createServer((request, response) => {
      requests += 1
      listener(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    opened.push({ close: () => [server.closeAllConnections(), server.close()] })
    // A listening server's address is one with a port.
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  function open(options: Partial<Parameters<typeof openGuardedFetch>[0]> = {}): GuardedFetch {
    const fetch = openGuardedFetch({ exemptOrigins: [], timeoutMs: 400, ...options })
    opened.push(fetch)
    return fetch
  }

  const exempt = async (listener: RequestListener, maxBytes = 65_536) => {
    const origin = await serve(listener)
    return { origin, fetch: open({ exemptOrigins: [origin], maxBytes }) }
  }

  const answering = (body: string | Buffer, headers: Record<string, string> = {}, status = 200) =>
    exempt((_, response) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body),
    )

  beforeEach(() => {
    requests = 0
  })
  afterEach(async () => {
    for (const { close } of opened.splice(0)) await close()
  })

  it('reads a JSON document from an origin that is exempt by name', async () => {
    const { fetch, origin } = await answering('{"keys":[]}', {
      'content-type': 'application/jwk-set+json; charset=utf-8',
    })
    assert.deepEqual(await fetch.json(`${origin}/jwks`), { keys: [] })
  })

  it('takes no other port, scheme or spelling for an exempt origin', async () => {
    const { origin } = await answering('{}')
    const fetch = open({ exemptOrigins: [origin] })
    const { port } = new URL(origin)
    for (const url of [
      `http://localhost:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `https://127.0.0.1:${port}/`,
      'http://127.0.0.1/',
    ])
      await rejectsAs(FetchRefused, fetch.json(url))
    assert.equal(requests, 0)
  })

  it('refuses addresses that are not https on 443 of a named host', async () => {
    const fetch = open()
    for (const url of [
      '',
      'x',
      'http://keys.example/',
      'https://keys.example:8443/',
      'https://user@keys.example/',
      'ftp://keys.example/',
      'file:///etc/passwd',
      'data:application/json,{}',
      'https://127.0.0.1/',
      'https://[::1]/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://[::ffff:127.0.0.1]/',
      'https://169.254.169.254/latest',
      'https://10.0.0.1/',
    ])
      await rejectsAs(FetchRefused, fetch.json(url))
  })

  it('refuses a host of which any address is not public', async () => {
    for (const addresses of [
      ['127.0.0.1'],
      ['::1'],
      ['169.254.169.254'],
      ['::ffff:10.0.0.1'],
      ['10.1.2.3', '1.1.1.1'],
      ['1.1.1.1', '::1'],
      [],
    ])
      await rejectsAs(
        FetchRefused,
        open({ resolve: async () => addresses }).json('https://keys.example/jwks'),
        /public/,
      )
    await rejectsAs(FetchRefused, open().json('https://localhost/jwks'), /public/)
  })

  it('asks for the addresses once per connection, so that a name cannot change its mind between check and use', async () => {
    const answers = [['127.0.0.1'], ['1.1.1.1']]
    let asked = 0
    const fetch = open({ resolve: async () => answers[asked++] ?? [] })
    await rejectsAs(FetchRefused, fetch.json('https://keys.example/'))
    assert.equal(asked, 1)
  })

  it('fails when the name cannot be resolved, or not in time', async () => {
    await rejectsAs(
      FetchFailed,
      open({ resolve: () => Promise.reject(new Error('ENOTFOUND')) }).json('https://keys.example/'),
    )
    const started = performance.now()
    const silent = open({ resolve: () => new Promise(() => {}) })
    // More than there are connections: those that wait in line have the same time as the others.
    await Promise.all(
      Array.from({ length: 12 }, () => rejectsAs(FetchFailed, silent.json('https://keys.example/'))),
    )
    assert(performance.now() - started < 1500)
  })

  it('follows no redirect, inside or out', async () => {
    const internal = await serve((_, response) => response.end('{}'))
    for (const status of [301, 302, 303, 307, 308]) {
      const { fetch, origin } = await answering('', { location: `${internal}/secret` }, status)
      await rejectsAs(FetchRefused, fetch.json(origin), new RegExp(`status ${status}`))
    }
    assert.equal(requests, 5)
  })

  it('cuts a body that is too large, whether it says its length or not', async () => {
    const { fetch, origin } = await answering(`"${'a'.repeat(10_000_000)}"`)
    await rejectsAs(FetchRefused, fetch.json(origin), /65536 bytes/)
  })

  it('cuts an endless body', async () => {
    let sent = 0
    const { fetch, origin } = await exempt((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = Buffer.alloc(16_384, ' ')
      const pump = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
        if (!response.destroyed) response.once('drain', pump)
      }
      pump()
    })
    await rejectsAs(FetchRefused, fetch.json(origin), /65536 bytes/)
    assert(sent < 10_000_000, `${sent} bytes were taken`)
  })

  it('waits no longer than its time for a body that drips, and for headers that never come', async () => {
    const dripping = await exempt((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    })
    const silent = await exempt(() => {})
    for (const { fetch, origin } of [dripping, silent]) {
      const started = performance.now()
      await rejectsAs(FetchFailed, fetch.json(origin))
      assert(performance.now() - started < 1500)
    }
  })

  it('keeps its time for each of many requests to one silent server', async () => {
    const { fetch, origin } = await exempt(() => {})
    const started = performance.now()
    await Promise.all(Array.from({ length: 20 }, () => rejectsAs(FetchFailed, fetch.json(origin))))
    assert(performance.now() - started < 1000)
  })

  it('takes no compressed body, so that a small one cannot become large', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, ' '))
    const { fetch, origin } = await answering(bomb, { 'content-encoding': 'gzip' })
    await rejectsAs(FetchRefused, fetch.json(origin), /compressed/)
  })

  it('takes nothing that is not JSON, or not called so', async () => {
    for (const [body, type] of [
      ['<html>', 'application/json'],
      ['{}', 'text/html'],
      ['{}', 'text/plain'],
      ['{"a":1,"a":2}', 'application/json'],
      ['[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]', 'application/json'],
      ['', 'application/json'],
    ] as const) {
      const { fetch, origin } = await answering(body, { 'content-type': type })
      await rejectsAs(FetchRefused, fetch.json(origin))
    }
  })

  it('tells a refusal from a fault that may pass', async () => {
    for (const [status, kind] of [
      [204, FetchRefused],
      [401, FetchRefused],
      [404, FetchRefused],
      [429, FetchFailed],
      [500, FetchFailed],
      [503, FetchFailed],
    ] as const) {
      const { fetch, origin } = await answering(status === 204 ? '' : '{}', {}, status)
      await rejectsAs(kind, fetch.json(origin))
    }
    const { fetch, origin } = await exempt((request) => request.socket.destroy())
    await rejectsAs(FetchFailed, fetch.json(origin))
  })

  it('sends no cookie, credentials or compression offer', async () => {
    let seen: unknown
    const { fetch, origin } = await exempt((request, response) => {
      seen = Object.keys(request.headers).sort()
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
    await fetch.json(origin)
    assert.deepEqual(seen, ['accept', 'accept-encoding', 'connection', 'host'])
  })
})
