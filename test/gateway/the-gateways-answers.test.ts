import assert from 'node:assert/strict'
import { BASE, call, type House, openHouse, type Reply } from './harness.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

describe('the answers of the gateway', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  async function everyKind(more: readonly (readonly [string, string])[] = []): Promise<readonly Reply[]> {
    const token = house.issue()
    const proof = await house.prover.proof({ token })
    const good = [['authorization', `DPoP ${token}`], ['dpop', proof], ...more] as const
    const poor = house.issue({ permissions: ['ReadBalances'] })
    const poorProof = await house.prover.proof({ token: poor })
    return Promise.all([
      call(house.port, '/open-banking/accounts', good),
      call(house.port, '/open-banking/accounts', more),
      call(house.port, '/open-banking/accounts', [
        ['authorization', `DPoP ${poor}`],
        ['dpop', poorProof],
        ...more,
      ]),
      call(house.port, '/open-banking/accounts?x=1', more),
      call(house.port, '/open-banking/nothing', more),
      call(house.port, '/open-banking/accounts', more, 'POST'),
      call(house.port, '/open-banking//accounts', more),
    ])
  }

  it('carry Date, JSON, and headers that keep them private, whatever the answer is', async () => {
    const replies = await everyKind()
    assert.deepEqual(
      replies.map(({ status }) => status),
      [200, 401, 403, 400, 404, 405, 400],
    )
    for (const { headers, json, status } of replies) {
      assert.ok(!Number.isNaN(Date.parse(headers.date ?? '')))
      assert.equal(headers['content-type'], 'application/json; charset=utf-8')
      assert.equal(headers['cache-control'], 'private, no-store')
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'")
      assert.match(String(headers['strict-transport-security']), /^max-age=63072000/)
      assert.match(String(headers['x-fapi-interaction-id']), uuid)
      assert.equal(headers['access-control-allow-origin'], undefined)
      assert.equal(headers['x-powered-by'], undefined)
      if (status !== 200) assert.deepEqual(Object.keys(json), ['error', 'error_description'])
    }
  })

  it("echo the client's interaction id when it is a UUID, and hand it on to the bank", async () => {
    const id = 'C770AEF3-6784-41F7-8E0E-FF5F97BDDB3A'
    house.bank.seen.length = 0
    for (const { headers } of await everyKind([['X-FAPI-Interaction-ID', id]]))
      assert.equal(headers['x-fapi-interaction-id'], id)
    assert.deepEqual(
      house.bank.seen.map(({ headers }) => headers['x-fapi-interaction-id']),
      [id],
    )
  })

  it('replace an interaction id that is none', async () => {
    for (const bad of ['a b', '<script>', 'x'.repeat(10_000), '{c770aef3-6784-41f7-8e0e-ff5f97bddb3a}'])
      for (const { headers } of await everyKind([['x-fapi-interaction-id', bad]]))
        assert.match(String(headers['x-fapi-interaction-id']), uuid)
    const two = await call(house.port, '/open-banking/accounts', [
      ['x-fapi-interaction-id', 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a'],
      ['x-fapi-interaction-id', 'd770aef3-6784-41f7-8e0e-ff5f97bddb3a'],
    ])
    assert.match(String(two.headers['x-fapi-interaction-id']), /^(?![cd]770aef3)/)
  })

  it('take every Accept and FAPI header there is', async () => {
    for (const accept of [
      'application/json;charset=UTF-8',
      'application/json, application/*+json',
      '*/*',
      'text/html',
    ])
      assert.equal(
        (
          await everyKind([
            ['accept', accept],
            ['x-fapi-auth-date', 'Mon, 15 Jun 2026 10:00:00 GMT'],
            ['x-fapi-customer-ip-address', '2001:db8::1'],
          ])
        )[0]?.status,
        200,
      )
  })

  it('to a request without any token name the ways in, and no error', async () => {
    for (const headers of [[], [['authorization', 'Basic YTpi']]] as const) {
      const { raw, status } = await call(house.port, '/open-banking/accounts', headers)
      assert.equal(status, 401)
      const ways = raw.filter((_, index) => raw[index - 1]?.toLowerCase() === 'www-authenticate')
      const where =
        'resource_metadata="https://api.meridian.test/.well-known/oauth-protected-resource/open-banking"'
      assert.deepEqual(ways, [`DPoP algs="PS256 ES256", ${where}`, `Bearer ${where}`])
    }
  })

  it('tell clients where to get a token (RFC 9728)', async () => {
    const expected = {
      resource: BASE,
      authorization_servers: ['https://auth.meridian.test'],
      scopes_supported: ['accounts'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['PS256', 'ES256'],
      dpop_bound_access_tokens_required: false,
      tls_client_certificate_bound_access_tokens: true,
      authorization_details_types_supported: ['account_access'],
    }
    for (const path of [
      '/.well-known/oauth-protected-resource/open-banking',
      '/open-banking/.well-known/oauth-protected-resource',
    ]) {
      const { json, headers, status } = await call(house.port, path)
      assert.equal(status, 200)
      assert.deepEqual(json, expected)
      assert.equal(headers['cache-control'], 'public, max-age=300')
    }
  })

  it('never hold what a header of ours claims about the customer or the client', async () => {
    house.bank.seen.length = 0
    await everyKind([
      ['x-psu-id', 'PSU2'],
      ['x-consent-id', 'other'],
      ['x-internal-user', 'root'],
      ['x-forwarded-host', 'evil.test'],
      ['x-original-url', '/open-banking/accounts/A-one'],
      ['connection', 'authorization'],
      ['cookie', 'a=b'],
    ])
    assert.equal(house.bank.seen.length, 1)
    assert.deepEqual(Object.keys(house.bank.seen[0]?.headers ?? {}).sort(), [
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'x-fapi-interaction-id',
    ])
  })

  it('are observed without a token, an account or a query', async () => {
    house.observations.length = 0
    const token = house.issue()
    await house.get('/accounts/A-one/transactions', token, '?from=2026-01-01T00:00:00Z')
    await call(house.port, '/open-banking/accounts/A-one?access_token=hidden')
    const told = JSON.stringify(house.observations)
    assert.deepEqual(
      house.observations.map(({ endpoint, status, clientId }) => [endpoint, status, clientId]),
      [
        ['transactions', 200, 'acme-budget'],
        ['account', 400, undefined],
      ],
    )
    assert.ok(
      !told.includes(token) &&
        !told.includes('A-one') &&
        !told.includes('2026-01') &&
        !told.includes('hidden'),
    )
  })
})
