import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

const thumbprints = new WeakMap<Socket, string | undefined>()

/**
 * RFC 8705 §3.1: base64url of the SHA-256 of the certificate that this connection proved to hold; undefined without
 * one. Only what the TLS handshake says counts, never a header.
 */
export function certificateThumbprint({ socket }: IncomingMessage): string | undefined {
  if (!(socket instanceof TLSSocket)) return undefined
  if (!thumbprints.has(socket)) {
    const certificate = socket.getPeerX509Certificate()
    const digest = certificate && createHash('sha256').update(certificate.raw).digest('base64url')
    thumbprints.set(socket, digest)
  }
  return thumbprints.get(socket)
}
