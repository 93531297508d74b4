import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { makeKeyPair } from '../support/jws.ts'
import { makeCertificateRequest, openTestAuthority } from '../support/pki.ts'
import { askCertificate, askStatement } from '../support/registration.ts'
import { openTestDirectory } from '../support/test-directory.ts'
import { openTransport, Unanswered } from '../support/transport.ts'

describe('the development authority and directory', () => {
  it('gives certificates that a TLS server and a TLS client take from each other', async () => {
    const authority = await openTestAuthority()
    const { certificate, key } = await authority.server(['auth.bank.test', 'localhost'])
    const server = https.createServer(
      { cert: certificate, key, ca: authority.certificate, requestCert: true },
      (request, response) => {
        // The listener is TLS only.
        const socket = request.socket as TLSSocket
        response.end(socket.authorized ? String(socket.getPeerX509Certificate()?.subject) : 'nobody')
      },
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    // A server on a TCP port has an AddressInfo.
    const { port } = server.address() as AddressInfo
    const client = await authority.client({ commonName: 'acme', organisation: 'Acme Ltd' })
    const transport = openTransport({ ca: authority.certificate, certificate: client })
    try {
      assert.equal(
        (await transport.send({ url: `https://auth.bank.test:${port}/` })).body,
        'O=Acme Ltd\nCN=acme',
      )
      assert.match((await transport.send({ url: `https://127.0.0.1:${port}/` })).body, /CN=acme/)
      await assert.rejects(transport.send({ url: `https://evil.test:${port}/` }), Unanswered)
      await assert.rejects(
        transport.send({ url: `https://auth.bank.test:${port}/`, certificate: false }),
        Unanswered,
      )
    } finally {
      transport.close()
      server.close()
    }
  })

  it('answers certificate requests, and makes certificates that are out of date when asked', async () => {
    const authority = await openTestAuthority()
    const { request } = await makeCertificateRequest({ commonName: 'acme', organisation: 'Acme Ltd' })
    const leaf = new X509Certificate(await authority.answer(request))
    assert.equal(leaf.subject, 'O=Acme Ltd\nCN=acme')
    assert.equal(leaf.verify(new X509Certificate(authority.certificate).publicKey), true)
    const past = new Date(Date.now() - 1000)
    const old = await authority.client({ commonName: 'old', notAfter: past })
    assert.ok(new X509Certificate(old.certificate).validToDate <= past)
  })

  it('serves what a directory serves, and forges statements when asked', async () => {
    const authority = await openTestAuthority()
    const directory = await openTestDirectory({ authority })
    const transport = openTransport()
    try {
      const key = await makeKeyPair('ES256')
      const facts = { name: 'Acme', redirectUris: ['https://acme.test/cb'], roles: ['AISP'], keys: [key] }
      const claims = claimsOf(await askStatement(transport, directory.url, facts))
      assert.equal(claims.iss, directory.url)
      assert.deepEqual(claims.software_jwks, { keys: [key.publicJwk] })
      const subject = { commonName: 'acme', organisation: 'Acme Ltd' }
      assert.match((await askCertificate(transport, directory.url, subject)).certificate, /BEGIN CERTIFICATE/)
      const forged = claimsOf(directory.statement(facts, { claims: { exp: 1, jti: undefined } }))
      assert.deepEqual([forged.exp, forged.jti], [1, undefined])
      directory.setStatus('abc', 'Suspended')
      assert.equal(
        (await transport.send({ url: `${directory.url}/software/abc` })).json().status,
        'Suspended',
      )
      assert.equal(directory.asked.get('/jwks'), undefined)
    } finally {
      transport.close()
      await directory.close()
    }
  })
})

function claimsOf(jwt: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
}
