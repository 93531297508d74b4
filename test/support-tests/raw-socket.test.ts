import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { firstStatus, sendRaw } from '../support/raw-socket.ts'

describe('the raw socket', () => {
  it('sends bytes that no HTTP client would, and returns whatever comes back', async () => {
    const server = http.createServer((_request, response) => response.end('fine'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A server on a TCP port has an AddressInfo.
    const to = `http://bank.test:${(server.address() as AddressInfo).port}`
    try {
      const honest = await sendRaw('GET / HTTP/1.1\r\nHost: bank.test\r\nConnection: close\r\n\r\n', { to })
      assert.equal(firstStatus(honest), 200)
      assert.match(honest, /fine$/)
      const smuggled = 'GET / HTTP/1.1\r\nHost: bank.test\r\nAuthorization: Bearer \0\r\n\r\n'
      assert.equal(firstStatus(await sendRaw(smuggled, { to })), 400)
    } finally {
      server.close()
    }
    assert.equal(firstStatus(await sendRaw('GET / HTTP/1.1\r\n\r\n', { to })), undefined)
  })
})
