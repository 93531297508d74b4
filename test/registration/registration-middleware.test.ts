import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server, request as send } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import Provider, { type JWK } from 'oidc-provider'
import { Problem } from '../../src/domain/problem.ts'
import { registrationMiddleware } from '../../src/registration/registration-middleware.ts'
import { type DirectoryUnderTest, openTestDirectory, openTestDoor, REDIRECT } from './directory-under-test.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Readonly<Record<string, unknown>>
}

describe('the registration endpoint, with the engine behind it', () => {
  let directory: DirectoryUnderTest
  let server: Server
  let url: URL
  let seen: unknown
  const refused: string[] = []
  let opened: ReturnType<typeof openTestDoor>

  before(async () => {
    directory = await openTestDirectory()
    opened = openTestDoor(directory)
    const bankKeys = [
      generateKeyPairSync('rsa', { modulusLength: 2048 }),
      generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    ].map(({ privateKey }) => privateKey.export({ format: 'jwk' }) as JWK)
    const provider = new Provider('http://localhost', {
      jwks: { keys: bankKeys },
      clientAuthMethods: ['private_key_jwt'],
      responseTypes: ['code'],
      scopes: ['openid', 'accounts'],
      issueRefreshToken: async () => true,
      enabledJWA: {
        idTokenSigningAlgValues: ['PS256', 'ES256'],
        authorizationSigningAlgValues: ['PS256', 'ES256'],
      },
      extraClientMetadata: { properties: ['security_profile', 'software_id', 'org_id'] },
      features: {
        devInteractions: { enabled: false },
        registration: { enabled: true },
        registrationManagement: { enabled: true },
        dPoP: { enabled: true },
        mTLS: { enabled: true, certificateBoundAccessTokens: true, getCertificate: () => undefined },
        clientCredentials: { enabled: true },
        pushedAuthorizationRequests: { enabled: true },
        jwtResponseModes: { enabled: true },
        resourceIndicators: { enabled: true },
        richAuthorizationRequests: {
          enabled: true,
          types: { account_access: { validate: () => {} } },
          authorizationDetailsForGrantSource: () => undefined,
          authorizationDetailsForAccessToken: () => undefined,
          authorizationDetailsForIntrospection: () => undefined,
        },
      },
    })
    // A Koa application: without a listener it prints our deliberate faults.
    Object.assign(provider, { silent: true })
    const derive = registrationMiddleware({
      door: { derive: (body) => opened.door.derive(body) },
      refused: (_, problem) => void refused.push(problem.code),
    })
    provider.use(async (ctx, next) => {
      if (!ctx.path.startsWith('/reg') || !['POST', 'PUT'].includes(ctx.method)) return next()
      await derive(ctx, next)
      seen = ctx.state.registration
    })
    server = createServer(provider.callback())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/reg`)
  })

  after(() => {
    server.closeAllConnections()
    server.close()
  })

  beforeEach(() => {
    refused.length = 0
    seen = undefined
  })

  function post(
    body: string | Buffer,
    headers: Record<string, string> = {},
    method = 'POST',
    target = url,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sent = send(
        target,
        { method, headers: { 'content-type': 'application/json', ...headers } },
        (answer) => {
          let text = ''
          answer.on('data', (chunk) => {
            text += chunk
          })
          answer.on('end', () =>
            resolve({
              status: answer.statusCode ?? 0,
              headers: answer.headers,
              body: text.startsWith('{') ? JSON.parse(text) : { text },
            }),
          )
        },
      )
      sent.on('error', reject)
      sent.end(body)
    })
  }

  const register = (metadata: object = {}) =>
    post(JSON.stringify({ software_statement: directory.statement(), ...metadata }))

  it('registers what was verified, and nothing that the client made up', async () => {
    const { status, body } = await register({
      client_id: 'mine',
      logo_uri: 'http://evil.example/',
      redirect_uris: [REDIRECT],
    })
    assert.equal(status, 201, JSON.stringify(body))
    assert.notEqual(body.client_id, 'mine')
    assert.equal(body.logo_uri, undefined)
    assert.equal(body.client_secret, undefined)
    assert.equal(body.client_name, 'Acme Budget')
    assert.deepEqual(body.redirect_uris, [REDIRECT])
    assert.equal(body.dpop_bound_access_tokens, true)
    assert.equal(body.token_endpoint_auth_method, 'private_key_jwt')
    assert.equal(body.security_profile, 'fapi2')
    assert.equal((seen as { statement: { softwareId: string } }).statement.softwareId, 'software-1')
  })

  it('registers a client of either sender constraint and of client credentials alone', async () => {
    const mtls = await register({ tls_client_certificate_bound_access_tokens: true })
    assert.equal(mtls.status, 201, JSON.stringify(mtls.body))
    assert.equal(mtls.body.tls_client_certificate_bound_access_tokens, true)
    const machine = await register({ grant_types: ['client_credentials'] })
    assert.equal(machine.status, 201, JSON.stringify(machine.body))
    assert.deepEqual(machine.body.grant_types, ['client_credentials'])
  })

  it('answers a refusal as RFC 7591 says, tells of it, and never reaches the engine', async () => {
    for (const [body, error] of [
      [{ software_statement: 'junk' }, 'invalid_software_statement'],
      [
        { software_statement: directory.statement({ software_roles: ['ASPSP'] }) },
        'unapproved_software_statement',
      ],
      [
        { software_statement: directory.statement(), redirect_uris: ['https://evil.example/'] },
        'invalid_redirect_uri',
      ],
      [{ software_statement: directory.statement(), scope: 'payments' }, 'invalid_client_metadata'],
    ] as const) {
      const answer = await post(JSON.stringify(body))
      assert.equal(answer.status, 400)
      assert.equal(answer.body.error, error)
      assert.equal(answer.headers['cache-control'], 'no-store')
      assert.match(String(answer.headers['content-type']), /^application\/json/)
    }
    assert.equal(refused.length, 4)
    assert.equal(seen, undefined)
  })

  it('answers 503 with Retry-After when a part is unavailable', async () => {
    const honest = opened
    opened = {
      ...honest,
      door: { derive: () => Promise.reject(new Problem('unavailable', 'The directory does not answer.')) },
    }
    const answer = await register()
    opened = honest
    assert.equal(answer.status, 503)
    assert.equal(answer.body.error, 'temporarily_unavailable')
    assert.equal(answer.headers['retry-after'], '5')
  })

  it("leaves our own faults to whoever catches faults: they are not the third party's", async () => {
    const honest = opened
    opened = {
      ...honest,
      door: { derive: () => Promise.reject(new TypeError('a fault with a secret in it')) },
    }
    const answer = await register()
    opened = honest
    assert.equal(answer.status, 500)
    assert.doesNotMatch(JSON.stringify(answer.body), /secret in it/)
    assert.deepEqual(refused, [])
  })

  it('reads JSON only, of 64 kB, without tricks', async () => {
    const statement = directory.statement()
    const twice = `{"software_statement":"x","software_statement":"${statement}"}`
    for (const [body, type] of [
      [JSON.stringify({ software_statement: statement }), 'application/x-www-form-urlencoded'],
      [JSON.stringify({ software_statement: statement }), 'text/plain'],
      [twice, 'application/json'],
      [`{"software_statement":"${statement}","__proto__":{"scope":"payments"}}`, 'application/json'],
      [
        `{"software_statement":"${statement}","x":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
        'application/json',
      ],
      ['{', 'application/json'],
      ['[]', 'application/json'],
      ['', 'application/json'],
      [Buffer.of(0x22, 0xff, 0x22), 'application/json'],
    ] as const) {
      const answer = await post(body, { 'content-type': type })
      assert.equal(answer.status, 400, `${type} ${String(body).slice(0, 40)}`)
      assert.equal(answer.body.error, 'invalid_client_metadata')
    }
  })

  it('stops reading a body that is too large and closes the connection', async () => {
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.write(
      'POST /reg HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000000\r\n\r\n',
    )
    socket.write(Buffer.alloc(200_000, ' '))
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await new Promise((resolve) => socket.on('close', resolve).on('error', () => {}))
    assert.match(text, /^HTTP\/1\.1 400 /)
    assert.match(text, /connection: close/i)
    assert.match(text, /larger than 65536 bytes/)
  })

  it('derives an update from a statement as well, for the client that the token is for', async () => {
    const made = await register()
    const target = new URL(`${url.href}/${made.body.client_id}`)
    const authorization = `Bearer ${made.body.registration_access_token}`
    const update = (metadata: object) =>
      post(
        JSON.stringify({ software_statement: directory.statement(), ...metadata }),
        { authorization },
        'PUT',
        target,
      )
    const foreign = await update({ client_id: made.body.client_id, redirect_uris: ['https://evil.example/'] })
    assert.equal(foreign.body.error, 'invalid_redirect_uri')
    const done = await update({ client_id: made.body.client_id, redirect_uris: [REDIRECT] })
    assert.equal(done.status, 200, JSON.stringify(done.body))
    assert.deepEqual(done.body.redirect_uris, [REDIRECT])
  })
})
