import { createServer } from 'node:http'
import { announce, fail, listen } from '../child.ts'
import { Environment } from '../environment.ts'
import { openStateFolder } from '../state-folder.ts'
import { openCertificateAuthority } from './certificates.ts'
import { openDoor } from './door.ts'
import { openSoftwareRegister } from './software-register.ts'
import { openStatementKey } from './statement-key.ts'

// The demo directory: says who the third parties are. A process of its own; the bank trusts what it signs.

const environment = new Environment(process.env)
const place = { host: environment.text('HOST', '127.0.0.1'), port: environment.port('PORT') }
const stateDir = environment.text('STATE_DIR')
const configuredIssuer = process.env.ISSUER ? environment.url('ISSUER') : undefined
environment.check()

try {
  const now = () => new Date()
  const state = await openStateFolder(stateDir)
  const authority = await openCertificateAuthority(state, now)
  const key = await openStatementKey(state, now)
  const register = await openSoftwareRegister(state, now)
  const server = createServer()
  const port = await listen(server, place)
  const url = `http://localhost:${port}`
  const issuer = configuredIssuer ?? url
  server.on('request', openDoor({ issuer, port, authority, key, register }).callback())
  announce(server, url)
} catch (error) {
  fail(error)
}
