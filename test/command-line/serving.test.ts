import assert from 'node:assert/strict'
import { clientAssertion } from '../support/client-assertion.ts'
import { type KeyPair, makeKeyPair } from '../support/jws.ts'
import { type ClientCertificate, openTransport } from '../support/transport.ts'
import { emptyDatabase, holdPort, type Installation, openInstallation } from './installation.ts'
import { postern, start } from './postern.ts'

describe('postern serve', () => {
  let installation: Installation
  beforeEach(async () => {
    installation = await openInstallation()
  })
  afterEach(() => installation.remove())

  it('serves those whom an operator added, and ends in order when it is told to', async () => {
    const { environment, folder, authority } = installation
    const key = await makeKeyPair('ES256')
    const certificate = await authority.client({ commonName: 'Cards API' })
    const jwks = await folder.put('jwks.json', { keys: [key.publicJwk] })
    const added = async (...args: readonly string[]): Promise<string> => {
      const { out, err } = await postern([...args, '--json'], { environment })
      assert.equal(err, '')
      return JSON.parse(out).client_id
    }
    const api = ['resource-servers', 'add', '--name', 'API', '--resource'] as const
    const byKeys = await added(...api, 'https://one.bank.test', '--jwks', jwks)
    const pem = await folder.put('api.pem', certificate.certificate)
    const byCertificate = await added(...api, 'https://two.bank.test', '--certificate', pem)
    const acme = await folder.put('acme.json', {
      client_name: 'Acme Budget',
      organisation: { id: 'acme-1', name: 'Acme Ltd' },
      software_id: 'budget-1',
      roles: ['AISP'],
      redirect_uris: ['https://acme.example/callback'],
      jwks: { keys: [key.publicJwk] },
      tls_client_certificate_bound_access_tokens: true,
    })
    const thirdParty = await added('third-parties', 'add', '--file', acme)

    const server = start(['serve'], { environment })
    const said = await server.says(/Ports: (.+)\.\n/)
    const ports = new Map(said.split(', ').map((one) => one.split(' ') as [string, string]))
    const visit = visitor(ports, authority.certificate)
    // The engine builds its Client of what was stored, and knows each by the means that it was added with.
    for (const path of ['/introspect', '/revoke']) {
      assert.equal(await visit.status(path, assertion(byKeys, key)), 200, path)
      assert.equal(await visit.status(path, { client_id: byCertificate }, certificate), 200, path)
      assert.equal(await visit.status(path, { client_id: byCertificate }), 401, path)
    }
    assert.equal(await visit.status('/revoke', assertion(thirdParty, key)), 200)
    assert.equal(
      await visit.status('/par', { ...assertion(thirdParty, key), ...authorization }, certificate),
      201,
    )
    await postern(['third-parties', 'suspend', thirdParty], { environment })
    await until(async () => (await visit.status('/revoke', assertion(thirdParty, key))) === 401)
    await postern(['resource-servers', 'remove', byKeys], { environment })
    await until(async () => (await visit.status('/introspect', assertion(byKeys, key))) === 401)

    visit.close()
    server.child.kill('SIGTERM')
    const { code, out } = await server.outcome
    assert.equal(code, 0)
    assert.match(out, /"event":"stopped"/)
    for (const line of out.trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object', line)
  })

  it('says everything that is wrong at once, secrets included, before anything listens', async () => {
    const { HELP_PHONE: _, ...environment } = installation.environment
    const wrong = { ...environment, ISSUER: 'http://localhost:3000', ACCESS_TOKEN_SECONDS: '5m' }
    await installation.folder.put('secrets/log-key', 'short\n')
    const { code, out, err } = await postern(['serve'], { environment: wrong })
    assert.equal(code, 78)
    assert.equal(out, '')
    assert.match(err, /^Configuration has 4 problems\n/)
    for (const name of ['ISSUER', 'ACCESS_TOKEN_SECONDS', 'HELP_PHONE', 'SECRETS_DIR/log-key'])
      assert.match(err, new RegExp(`^ {2}${name} `, 'm'))
    assert.doesNotMatch(err, /short\n/)
  })

  it('says which port is taken, and what to do', async () => {
    const { port, letGo } = await holdPort()
    for (const name of ['BROWSER_LISTEN', 'OPERATIONS_LISTEN']) {
      const environment = { ...installation.environment, [name]: `127.0.0.1:${port}` }
      const { code, err } = await postern(['serve'], { environment })
      assert.equal(code, 1)
      assert.match(
        err,
        new RegExp(`port 127\\.0\\.0\\.1:${port} is in use by another program\\. Stop that one`, 'i'),
      )
      assert.doesNotMatch(err, / at .+:\d+:\d+/)
    }
    letGo()
  })

  it('refuses a database whose schema is old, and migrates it when it is asked to', async () => {
    const environment = { ...installation.environment, DATABASE_URL: await emptyDatabase() }
    const refused = await postern(['serve'], { environment })
    assert.equal(refused.code, 1)
    assert.match(refused.err, /run `postern migrate` first/)
    assert.match((await postern(['customers', 'list'], { environment })).err, /Run `postern migrate` first/)
    assert.match((await postern(['migrate', '--plan'], { environment })).out, /^pending 0001-/)
    assert.match((await postern(['migrate'], { environment })).out, /^applied 0001-/)
    assert.match((await postern(['migrate'], { environment })).out, /^The schema is up to date/)
  })

  it('logs what nobody caught, ends in order and says so with exit code 1', async () => {
    const { environment, folder } = installation
    const preload = await folder.put(
      'throw.mjs',
      "process.on('SIGUSR2', () => { void Promise.reject(new Error('nobody caught this')) })\n",
    )
    const server = start(['serve'], { environment, nodeOptions: ['--import', preload] })
    await server.says(/Serving \(all\)/)
    server.child.kill('SIGUSR2')
    const { code, out, err } = await server.outcome
    assert.equal(code, 1)
    assert.match(out, /"level":"error","event":"uncaught","message":"nobody caught this"/)
    assert.match(out, /"event":"stopped"/)
    assert.doesNotMatch(err, / at .+:\d+:\d+/)
  })

  it('runs as a gateway alone, without database, keys and secrets', async () => {
    const { TLS_CERT_FILE, TLS_KEY_FILE, ...all } = installation.environment
    const only = Object.entries(all).filter(([name]) => /^(ISSUER|GATEWAY|OPERATIONS|BANK_)/.test(name))
    const environment = {
      ...Object.fromEntries(only),
      TLS_CERT_FILE,
      TLS_KEY_FILE,
      ADMISSION_URL: 'https://127.0.0.1:1',
      ADMISSION_CA_FILE: all.BANK_CA_FILE,
      ADMISSION_CERT_FILE: all.BANK_CERT_FILE,
      ADMISSION_KEY_FILE: all.BANK_KEY_FILE,
    } as Record<string, string>
    const server = start(['serve', '--role', 'gateway'], { environment })
    await server.says(/Serving \(gateway\)/)
    server.child.kill('SIGINT')
    assert.equal((await server.outcome).code, 0)
  })
})

type Form = Readonly<Record<string, string>>

function assertion(clientId: string, key: KeyPair): Form {
  const issuer = 'https://auth.bank.test'
  return {
    client_id: clientId,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: clientAssertion({ clientId, issuer, key, now: new Date() }),
  }
}

const authorization: Form = {
  response_type: 'code',
  redirect_uri: 'https://acme.example/callback',
  scope: 'openid accounts',
  code_challenge: 'a'.repeat(43),
  code_challenge_method: 'S256',
}

/** Posts forms to the listener that asks for a certificate, shown or not. */
function visitor(ports: ReadonlyMap<string, string>, ca: string) {
  const transport = openTransport({ ca })
  return {
    status: async (path: string, form: Form, certificate?: ClientCertificate): Promise<number> => {
      const answer = await transport.send({
        method: 'POST',
        url: `https://mtls.bank.test${path}`,
        via: `https://127.0.0.1:${ports.get('certificate')}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ token: 'unknown', ...form }).toString(),
        certificate: certificate ?? false,
      })
      return answer.status
    },
    close: () => transport.close(),
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 1_500
  while (!(await holds())) {
    if (performance.now() > end) assert.fail('it did not come about within 1.5 s')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
