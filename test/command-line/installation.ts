import { createServer } from 'node:net'
import pg from 'pg'
import { generateLocalKeys } from '../../src/keys/local-keys.ts'
import { openTestAuthority, type TestAuthority } from '../support/pki.ts'
import { freshDatabase } from '../support/run.ts'
import { type Folder, putSecrets, temporaryFolder } from './postern.ts'

/** A production installation on this machine: everything that `postern serve` needs, ports from the system. */
export interface Installation {
  readonly environment: Readonly<Record<string, string>>
  readonly folder: Folder
  readonly authority: TestAuthority
  remove(): void
}

export async function openInstallation(): Promise<Installation> {
  const folder = temporaryFolder()
  const authority = await openTestAuthority()
  const listeners = await authority.server(['auth.bank.test', 'mtls.bank.test', 'api.bank.test'])
  const us = await authority.client({ commonName: 'Postern' })
  const ca = await folder.put('ca.pem', authority.certificate)
  await generateLocalKeys(folder.at('signing-keys.pem'))
  const environment = {
    ISSUER: 'https://auth.bank.test',
    CERTIFICATE_URL: 'https://mtls.bank.test',
    GATEWAY_URL: 'https://api.bank.test',
    BROWSER_LISTEN: '127.0.0.1:0',
    CERTIFICATE_LISTEN: '127.0.0.1:0',
    GATEWAY_LISTEN: '127.0.0.1:0',
    OPERATIONS_LISTEN: '127.0.0.1:0',
    TLS_CERT_FILE: await folder.put('tls.pem', listeners.certificate),
    TLS_KEY_FILE: await folder.put('tls.key', listeners.key),
    DATABASE_URL: await freshDatabase(),
    // Nobody is there: the bank is not needed to serve the protocol.
    BANK_URL: 'https://127.0.0.1:1/port',
    BANK_CA_FILE: ca,
    BANK_CERT_FILE: await folder.put('bank.pem', us.certificate),
    BANK_KEY_FILE: await folder.put('bank.key', us.key),
    DIRECTORY_ISSUER: 'https://directory.test',
    DIRECTORY_JWKS_URL: 'https://directory.test/jwks',
    SIGNING_KEYS_FILE: folder.at('signing-keys.pem'),
    ALLOW_LOCAL_KEYS: 'yes',
    SECRETS_DIR: await putSecrets(folder),
    BANK_NAME: 'Meridian Bank',
    HELP_PHONE: '0800 555 0199',
    HELP_HOURS: 'every day',
  }
  return { environment, folder, authority, remove: () => folder.remove() }
}

/** A database without any table of ours, beside a migrated one. */
export async function emptyDatabase(): Promise<string> {
  const beside = new URL(await freshDatabase())
  const client = new pg.Client({ connectionString: beside.href })
  await client.connect()
  const name = `${beside.pathname.slice(1)}_empty`
  await client.query(`create database ${name} template template0`)
  await client.end()
  return new URL(`/${name}`, beside).href
}

/** Holds a port of this machine until it is let go. */
export function holdPort(): Promise<{ readonly port: number; letGo(): void }> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      resolve({ port, letGo: () => server.close() })
    })
  })
}
