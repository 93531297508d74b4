import assert from 'node:assert/strict'
import { createPublicKey, X509Certificate } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, jwtVerify } from 'jose'
import { type Answer, ask, postJson } from './ask.ts'
import { certificateRequest } from './certificates.ts'
import { type Child, startChild } from './child.ts'
import { temporaryFolder } from './temporary-folder.ts'

const DAY = 24 * 60 * 60 * 1000

describe('the demo directory', () => {
  let folder: string
  let directory: Child
  let jwk: JWK

  before(async () => {
    folder = join(await temporaryFolder(), 'directory')
    directory = await startChild('directory', { STATE_DIR: folder })
    jwk = await exportJWK((await generateKeyPair('ES256')).publicKey)
  })
  after(() => directory?.stop())

  const wish = (changes: Readonly<Record<string, unknown>> = {}) => ({
    client_name: 'Acme Budget',
    redirect_uris: ['https://acmebudget.example/callback'],
    jwks: { keys: [{ ...jwk, kid: 'one' }] },
    roles: ['AISP'],
    ...changes,
  })
  const statement = (changes = {}): Promise<Answer> =>
    postJson(`${directory.url}/software-statements`, wish(changes))
  const claimsOf = async (answer: Answer) => {
    const keys = (await ask(`${directory.url}/jwks`)).json<JSONWebKeySet>()
    return jwtVerify(answer.body, createLocalJWKSet(keys), {
      algorithms: ['PS256'],
      typ: 'JWT',
      issuer: directory.url,
    })
  }

  it('signs what it vouches for, for ten minutes', async () => {
    const answer = await statement({ client_uri: 'https://acmebudget.example' })
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['content-type'], 'application/jwt')
    const { payload } = await claimsOf(answer)
    assert.equal((payload.exp ?? 0) - (payload.iat ?? 0), 600)
    assert.match(String(payload.jti), /^[0-9a-f-]{36}$/)
    assert.match(String(payload.software_id), /^[0-9A-Za-z]{22}$/)
    assert.match(String(payload.org_id), /^[0-9A-Za-z]{22}$/)
    assert.equal(payload.software_client_name, 'Acme Budget')
    assert.deepEqual(payload.software_redirect_uris, ['https://acmebudget.example/callback'])
    assert.deepEqual(payload.software_jwks, { keys: [{ ...jwk, kid: 'one' }] })
    assert.deepEqual(payload.software_roles, ['AISP'])
    assert.equal(payload.org_name, 'Acme Budget Ltd')
    assert.equal(payload.org_status, 'Active')
    assert.equal(payload.software_client_uri, 'https://acmebudget.example')
  })

  it('names the keys by reference where they were given so', async () => {
    const { payload } = await claimsOf(
      await statement({ jwks: undefined, jwks_uri: 'https://acmebudget.example/jwks' }),
    )
    assert.equal(payload.software_jwks_endpoint, 'https://acmebudget.example/jwks')
    assert.equal('software_jwks' in payload, false)
  })

  it('renews the statement of software it knows, with a new jti', async () => {
    const first = (await claimsOf(await statement({ org_id: 'acme-1', org_name: 'Acme Group plc' }))).payload
    const second = (await claimsOf(await statement({ software_id: first.software_id }))).payload
    assert.equal(second.software_id, first.software_id)
    assert.equal(second.org_id, 'acme-1')
    assert.equal(second.org_name, 'Acme Group plc')
    assert.notEqual(second.jti, first.jti)
    const foreign = await statement({ software_id: first.software_id, org_id: 'mallory' })
    assert.equal(foreign.status, 400)
  })

  const faults: readonly (readonly [sentence: RegExp, changes: Readonly<Record<string, unknown>>])[] = [
    [/client_name/, { client_name: '' }],
    [/client_name/, { client_name: 'x'.repeat(141) }],
    [/redirect_uris/, { redirect_uris: [] }],
    [/redirect_uris/, { redirect_uris: 'https://acmebudget.example/callback' }],
    [/redirect_uris/, { redirect_uris: ['/callback'] }],
    [/redirect_uris must be https/, { redirect_uris: ['http://acmebudget.example/callback'] }],
    [/redirect_uris must be https/, { redirect_uris: ['javascript:alert(1)'] }],
    [/redirect_uris must not have a fragment/, { redirect_uris: ['https://acmebudget.example/#x'] }],
    [/exactly one of jwks and jwks_uri/, { jwks: undefined }],
    [/exactly one of jwks and jwks_uri/, { jwks_uri: 'https://acmebudget.example/jwks' }],
    [/keys must be an array/, { jwks: {} }],
    [/private key/, { jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] } }],
    [/kty/, { jwks: { keys: [{ kty: 'oct' }] } }],
    [/roles/, { roles: [] }],
    [/roles must be among AISP, PISP, CBPII/, { roles: ['ADMIN'] }],
    [/roles/, { roles: ['AISP', 'AISP'] }],
    [/software_id is not known/, { software_id: 'unknown' }],
    [/org_id/, { org_id: 'a b' }],
    [/"extra" is not a member/, { extra: 1 }],
  ]
  for (const [sentence, changes] of faults)
    it(`says what is wrong with ${JSON.stringify(changes).slice(0, 70)}`, async () => {
      const answer = await statement(changes)
      const { error, error_description } = answer.json<Record<string, string>>()
      assert.equal(answer.status, 400)
      assert.equal(error, 'invalid_request')
      assert.match(error_description ?? '', sentence)
    })

  it('reads JSON objects of a sane size only', async () => {
    const url = `${directory.url}/software-statements`
    const headers = { 'content-type': 'application/json' }
    for (const body of ['', '{', '[]', 'null', '"x"'])
      assert.equal((await ask(url, { method: 'POST', headers, body })).status, 400, body)
    assert.equal((await ask(url, { method: 'POST', headers, body: ' '.repeat(70_000) })).status, 413)
    assert.equal(
      (await ask(url, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' })).status,
      415,
    )
  })

  it('knows the status of each software and vouches for active ones only', async () => {
    const { payload } = await claimsOf(await statement())
    const url = `${directory.url}/software/${payload.software_id}`
    assert.equal((await ask(url)).json<Record<string, unknown>>().status, 'Active')
    assert.equal((await postJson(`${url}/status`, { status: 'Suspended' })).status, 200)
    const { status, org_id } = (await ask(url)).json<Record<string, unknown>>()
    assert.deepEqual([status, org_id], ['Suspended', payload.org_id])
    const refused = await statement({ software_id: payload.software_id })
    assert.equal(refused.status, 400)
    assert.equal(refused.json<Record<string, string>>().error, 'software_not_active')
    assert.equal((await postJson(`${url}/status`, { status: 'Fine' })).status, 400)
    assert.equal((await postJson(`${url}/status`, { status: 'Active' })).status, 200)
    assert.equal((await statement({ software_id: payload.software_id })).status, 201)
    assert.equal((await ask(`${directory.url}/software/unknown`)).status, 404)
    const all = (await ask(`${directory.url}/software`)).json<{ software: { software_id: string }[] }>()
    assert(all.software.some(({ software_id }) => software_id === payload.software_id))
  })

  it('turns a certificate request into a client certificate and the CA', async () => {
    const { pem, key } = await certificateRequest('CN=acme-1, O=Acme Budget Ltd, C=GB')
    const answer = await ask(`${directory.url}/certificates`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-pem-file' },
      body: pem,
    })
    assert.equal(answer.status, 201)
    assert.match(answer.headers['content-type'] ?? '', /^application\/x-pem-file/)
    const [leaf, ca, ...rest] =
      answer.body.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    assert(leaf && ca)
    assert.equal(rest.length, 0)
    const [certificate, issuer] = [new X509Certificate(leaf), new X509Certificate(ca)]
    assert(certificate.verify(issuer.publicKey) && certificate.checkIssued(issuer))
    assert(certificate.publicKey.equals(createPublicKey(key)))
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
    assert.equal(certificate.ca, false)
    assert.deepEqual(certificate.subject.split('\n').toSorted(), ['C=GB', 'CN=acme-1', 'O=Acme Budget Ltd'])
    const life = Date.parse(certificate.validTo) - Date.now()
    assert(life > 89 * DAY && life <= 90 * DAY)
    assert.equal((await ask(`${directory.url}/ca.pem`)).body.trim(), ca.trim())
  })

  it('refuses certificate requests that prove nothing', async () => {
    const { pem } = await certificateRequest('CN=acme')
    const body = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')
    body[body.length - 9] = (body.at(-9) ?? 0) ^ 1
    const forged = `-----BEGIN CERTIFICATE REQUEST-----\n${body.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    const nameless = (await certificateRequest('')).pem
    for (const csr of [
      '',
      'hello',
      forged,
      nameless,
      pem.slice(0, 200),
      pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'),
    ]) {
      const answer = await ask(`${directory.url}/certificates`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: csr,
      })
      assert.equal(answer.status, 400, csr)
      assert.equal(answer.json<Record<string, string>>().error, 'invalid_certificate_request')
    }
  })

  it('takes no orders from a page of another site, nor under another name', async () => {
    const { payload } = await claimsOf(await statement())
    const url = `${directory.url}/software/${payload.software_id}/status`
    const order = { status: 'Revoked' }
    assert.equal((await postJson(url, order, { origin: 'https://evil.example' })).status, 403)
    assert.equal((await postJson(url, order, { origin: 'null' })).status, 403)
    assert.equal((await postJson(url, order, { host: 'evil.example' })).status, 421)
    assert.equal((await ask(`${directory.url}/software`, { headers: { host: 'evil.example' } })).status, 421)
  })

  it('shows people what it does, without a script', async () => {
    await statement({ client_name: '<script>alert(1)</script>' })
    const page = await ask(`${directory.url}/`)
    assert.equal(page.status, 200)
    assert.match(page.headers['content-type'] ?? '', /^text\/html/)
    assert.match(String(page.headers['content-security-policy']), /^default-src 'none';/)
    assert.equal(page.body.includes('<script'), false)
    assert.match(page.body, /&#60;script&#62;alert/)
    assert.equal((await ask(`${directory.url}/directory.css`)).status, 200)
    assert.equal((await ask(`${directory.url}/nothing`)).status, 404)
  })

  it('keeps its keys and its register to itself, through a restart', async () => {
    const { payload } = await claimsOf(await statement())
    const keys = (await ask(`${directory.url}/jwks`)).body
    const ca = (await ask(`${directory.url}/ca.pem`)).body
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    for (const name of await readdir(folder)) {
      assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600, name)
      if (name.endsWith('key.pem')) assert(!keys.includes(await readFile(join(folder, name), 'utf8')))
    }
    assert.equal(await directory.stop(), 0)
    directory = await startChild('directory', { STATE_DIR: folder })
    assert.equal((await ask(`${directory.url}/jwks`)).body, keys)
    assert.equal((await ask(`${directory.url}/ca.pem`)).body, ca)
    assert.equal((await ask(`${directory.url}/software/${payload.software_id}`)).status, 200)
  })

  it('signs under the name it was given', async () => {
    const named = await startChild('directory', {
      STATE_DIR: await temporaryFolder(),
      ISSUER: 'https://directory.example/',
    })
    const answer = await postJson(`${named.url}/software-statements`, wish())
    const claims = JSON.parse(Buffer.from(answer.body.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(claims.iss, 'https://directory.example')
    assert.equal(await named.stop(), 0)
  })

  it('refuses to start on a register it cannot read', async () => {
    const broken = await temporaryFolder()
    await writeFile(join(broken, 'software.json'), '{ half')
    await assert.rejects(startChild('directory', { STATE_DIR: broken }), /ended before it was ready/)
  })
})
