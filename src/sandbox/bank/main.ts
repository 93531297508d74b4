import { createServer } from 'node:https'
import { announce, fail, listen } from '../child.ts'
import { Environment } from '../environment.ts'
import { openDoor } from './door.ts'

// The demo bank's core systems: a process of its own that only the open-banking gate can talk to.

const environment = new Environment(process.env)
const place = { host: environment.text('HOST', '127.0.0.1'), port: environment.port('PORT') }
const tls = {
  cert: environment.file('TLS_CERT_FILE'),
  key: environment.file('TLS_KEY_FILE'),
  ca: environment.file('CLIENT_CA_FILE'),
}
environment.check()

try {
  const app = openDoor(() => new Date())
  // Without a certificate the handshake succeeds, so that the caller reads a sentence instead of a TLS alert.
  const server = createServer({ ...tls, requestCert: true, rejectUnauthorized: false }, app.callback())
  const port = await listen(server, place)
  announce(server, `https://localhost:${port}`)
} catch (error) {
  fail(error)
}
