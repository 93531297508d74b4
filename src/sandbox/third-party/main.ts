import { createServer } from 'node:http'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { announce, fail, listen } from '../child.ts'
import { Environment } from '../environment.ts'
import { openStateFolder } from '../state-folder.ts'
import { Actions } from './actions.ts'
import { Bank } from './bank-connection.ts'
import { openClientKeys } from './client-keys.ts'
import { openDoor } from './door.ts'
import { Sessions } from './sessions.ts'

// The demo third party: an app as any developer would write it, with a public client library, over HTTP only.

const environment = new Environment(process.env)
const place = { host: environment.text('HOST', '127.0.0.1'), port: environment.port('PORT') }
const issuer = environment.url('ISSUER')
const directory = environment.url('DIRECTORY_URL')
const gateway = environment.url('GATEWAY_URL')
const stateDir = environment.text('STATE_DIR')
const ca = process.env.CA_FILE ? environment.file('CA_FILE') : undefined
const configuredUrl = process.env.PUBLIC_URL ? environment.url('PUBLIC_URL') : undefined
const names = {
  app: environment.text('APP_NAME', 'Acme Budget'),
  bank: environment.text('BANK_NAME', 'Meridian Bank'),
}
environment.check()

try {
  if (ca !== undefined) setDefaultCACertificates([...getCACertificates('default'), ca])
  const now = () => new Date()
  const state = await openStateFolder(stateDir)
  const keys = await openClientKeys(state)
  const sessions = await Sessions.open(state)
  const server = createServer()
  const port = await listen(server, place)
  const url = `http://localhost:${port}`
  const publicUrl = configuredUrl ?? url
  const redirectUri = `${publicUrl}/callback`
  const bank = new Bank({ issuer, directory, gateway, redirectUri, clientName: names.app, keys, state, now })
  const bankOrigin = new URL(issuer).origin
  const actions = new Actions(bank, names, now)
  server.on('request', openDoor({ names, publicUrl, port, bankOrigin, actions, sessions }).callback())
  announce(server, url)
} catch (error) {
  fail(error)
}
