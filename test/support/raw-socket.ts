import net from 'node:net'
import tls from 'node:tls'
import type { ClientCertificate } from './transport.ts'

export interface RawOptions {
  /** Where to connect; https speaks TLS. Only scheme, host and port count. */
  readonly to: string
  readonly ca?: string
  readonly certificate?: ClientCertificate
  /** How long to listen when the other side does not close; milliseconds. */
  readonly patienceMs?: number
}

/** Writes these bytes and returns all that comes back until the other side closes or patience ends. */
export function sendRaw(bytes: string | Buffer, options: RawOptions): Promise<string> {
  const socket = connect(options)
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(Buffer.concat(chunks).toString('latin1'))
    }
    const timer = setTimeout(done, options.patienceMs ?? 2000)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', done)
    // A reset is an answer too: what came before it is returned.
    socket.on('error', done)
    socket.write(bytes)
  })
}

/** The status of the first answer in what came back; undefined when there was none. */
export function firstStatus(received: string): number | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(received)?.[1]
  return status === undefined ? undefined : Number(status)
}

function connect({ to, ca, certificate }: RawOptions): net.Socket {
  const { protocol, hostname, port } = new URL(to)
  const host = hostname.endsWith('.test') ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'https:'
  const address = { host, port: port === '' ? (secure ? 443 : 80) : Number(port) }
  if (!secure) return net.connect(address)
  return tls.connect({
    ...address,
    ...(net.isIP(hostname) === 0 && { servername: hostname }),
    ...(ca !== undefined && { ca }),
    ...(certificate && { cert: certificate.certificate, key: certificate.key }),
  })
}
