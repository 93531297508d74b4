import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { makeKeyPair } from '../support/jws.ts'
import { emptyDatabase, type Installation, openInstallation } from './installation.ts'
import { postern, putSecrets, temporaryFolder } from './postern.ts'

interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
  readonly fix?: string
}

describe('postern doctor', () => {
  let installation: Installation
  let bank: { readonly url: string; close(): void }
  before(async () => {
    installation = await openInstallation()
    bank = await openStandInBank(installation)
  })
  after(() => {
    bank.close()
    installation.remove()
  })

  /** The finding of that name in an installation of which one thing is changed. */
  async function finding(name: string, change: Readonly<Record<string, string>>): Promise<Finding> {
    const environment = { ...installation.environment, BANK_URL: bank.url, ...change }
    const { code, out } = await postern(['doctor', '--json'], { environment })
    // The directory's host name does not exist in tests, so that one finding is always bad.
    assert.equal(code, 1)
    const found = (JSON.parse(out).findings as readonly Finding[]).find((one) => one.name === name)
    assert.ok(found, `${name} in ${out}`)
    return found
  }

  it('finds a sound installation in order, but for the directory that is not there', async () => {
    const environment = { ...installation.environment, BANK_URL: bank.url }
    const { out } = await postern(['doctor'], { environment })
    for (const name of [
      'Node',
      'Configuration',
      'Database',
      'Migrations',
      'Clock',
      'Signing keys',
      'Secrets',
      'TLS certificate',
      'Certificate for the bank',
      'Bank',
      'Disk',
    ])
      assert.match(out, new RegExp(`^✔ ${name}: `, 'm'))
    assert.match(out, /^✘ Directory: .*\n {4}→ Check DIRECTORY_JWKS_URL/m)
    assert.match(out, /\n1 of 12 need attention\.\n$/)
    assert.match(out, /TLS certificate: valid, but only until \d{4}-\d\d-\d\d \([12] days\): renew it now/)
  })

  it('names what is broken, and the fix', async () => {
    const { folder, authority, environment } = installation
    const other = await authority.server(['elsewhere.test'])
    const ended = await authority.server(['auth.bank.test', 'mtls.bank.test', 'api.bank.test'], {
      notAfter: new Date(Date.now() - 1_000),
    })
    const ec = await makeKeyPair('ES256')
    const onlyEc = await folder.put(
      'only-ec.pem',
      ec.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    )
    const poor = temporaryFolder()
    await putSecrets(poor)
    await poor.put('secrets/log-key', 'c2hvcnQ\n')
    const database = new URL(environment.DATABASE_URL ?? '')
    const wrongPassword = new URL(database)
    wrongPassword.password = 'not-this-one'
    const noDatabase = new URL('/nothing', database)
    const pem = (name: string, text: string) => folder.put(name, text)
    const broken = [
      ['Configuration', { ISSUER: 'http://x' }, /ISSUER is "http:\/\/x"\. It must be an https URL/],
      ['Database', { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }, /did not answer.*ECONNREFUSED/],
      ['Database', { DATABASE_URL: wrongPassword.href }, /password authentication failed.*Check user and/],
      ['Database', { DATABASE_URL: noDatabase.href }, /does not exist\. Create the database/],
      ['Migrations', { DATABASE_URL: await emptyDatabase() }, /Missing: 0001-/],
      ['Signing keys', { SIGNING_KEYS_FILE: onlyEc }, /has no key for PS256/],
      ['Signing keys', { SIGNING_KEYS_FILE: '/nowhere' }, /\/nowhere cannot be read/],
      ['Secrets', { SECRETS_DIR: poor.at('secrets') }, /SECRETS_DIR\/log-key is missing, empty or shorter/],
      [
        'TLS certificate',
        { TLS_CERT_FILE: await pem('o.pem', other.certificate), TLS_KEY_FILE: await pem('o.key', other.key) },
        /It is not for auth\.bank\.test, mtls\.bank\.test, api\.bank\.test/,
      ],
      [
        'TLS certificate',
        { TLS_CERT_FILE: await pem('e.pem', ended.certificate), TLS_KEY_FILE: await pem('e.key', ended.key) },
        /It ended on \d{4}/,
      ],
      ['TLS certificate', { TLS_KEY_FILE: folder.at('o.key') }, /o\.key is not the key of .*tls\.pem/],
      ['Bank', { BANK_URL: 'https://127.0.0.1:1/' }, /The bank did not answer/],
      ['Directory', { DIRECTORY_JWKS_URL: 'https://127.0.0.1/jwks' }, /an address instead of a host name/],
    ] as const
    for (const [name, change, detail] of broken) {
      const found = await finding(name, change)
      assert.equal(found.ok, false, `${name}: ${JSON.stringify(change)}`)
      assert.match(found.detail, detail)
      assert.doesNotMatch(found.detail, /not-this-one/)
      assert.ok(found.fix, name)
    }
    poor.remove()
  })

  it('examines what there is where almost nothing is configured', async () => {
    const folder = temporaryFolder()
    const { code, out } = await postern(['doctor'], { folder: folder.path })
    folder.remove()
    assert.equal(code, 1)
    assert.match(out, /^✘ Configuration: .*DATABASE_URL is missing/m)
    assert.match(out, /^✔ Disk/m)
  })
})

/** Knows nobody, over mutual TLS as the port asks for. */
async function openStandInBank({ authority }: Installation) {
  const { certificate, key } = await authority.server(['localhost'])
  const options = { cert: certificate, key, ca: authority.certificate, requestCert: true }
  const server = createServer({ ...options, rejectUnauthorized: true }, (_, response) => {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not-found"}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `https://localhost:${port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
