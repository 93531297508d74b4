import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import { type KeyPair, makeKeyPair, signJws } from '../support/jws.ts'
import { registrationMetadata, sendRegistration } from '../support/registration.ts'
import { discover, type ServerMetadata } from '../support/server-metadata.ts'
import { atOnce, counted } from './at-once.ts'

describe('a software statement is forged', () => {
  const redirectUris = ['https://acme-budget.test/callback']
  let house: House
  let server: ServerMetadata
  let key: KeyPair
  before(async () => {
    house = await openHouse({ processes: 2 })
    server = await discover(house.transport, house.issuer)
    key = await makeKeyPair('ES256')
  })
  after(() => house.close())

  type Parts = Parameters<House['directory']['statement']>[1]
  const honest = (parts: Parts = {}): string =>
    house.directory.statement({ name: 'Acme Budget', redirectUris, roles: ['AISP'], keys: [key] }, parts)
  const register = (statement: string, via?: string) =>
    sendRegistration(
      house.transport,
      server,
      registrationMetadata({
        statement,
        variant: 'private_key_jwt-dpop',
        alg: 'ES256',
        idTokenAlg: 'ES256',
        redirectUris,
      }),
      via === undefined ? {} : { via },
    )
  const rows = () =>
    house.sql(
      `select (select count(*) from third_party)::int as parties, (select count(*) from organisation)::int as firms,
        (select count(*) from one_time)::int as spent`,
    )

  /** Rewrites header and claims of an honest one and keeps its signature. */
  const rewritten = (statement: string, change: (claims: JsonObject) => JsonObject, header?: JsonObject) => {
    const [head = '', body = '', signature = ''] = statement.split('.')
    const read = (part: string): JsonObject => JSON.parse(Buffer.from(part, 'base64url').toString())
    const write = (part: JsonObject) => Buffer.from(JSON.stringify(part)).toString('base64url')
    return [write({ ...read(head), ...header }), write(change(read(body))), signature].join('.')
  }

  const seconds = () => Math.floor(Date.now() / 1000)
  const claimsOf = (statement: string): JsonObject =>
    JSON.parse(Buffer.from(statement.split('.')[1] ?? '', 'base64url').toString())

  const forgeries: Readonly<Record<string, () => Promise<string> | string>> = {
    'none at all': () => '',
    noise: () => 'a.b.c',
    'signed by somebody else under the directory’s kid': async () => {
      const own = await makeKeyPair('PS256')
      return honest({ key: own, header: { kid: house.directory.key.kid } })
    },
    'signed by a key it brings along': async () => {
      const own = await makeKeyPair('PS256')
      return honest({ key: own, header: { jwk: own.publicJwk } })
    },
    'signed by a key it points to': async () => {
      const own = await makeKeyPair('PS256')
      const url = `${house.directory.url}/attackers-keys`
      return honest({ key: own, header: { jku: url, x5u: url } })
    },
    'with another name under an honest signature': () =>
      rewritten(honest(), (claims) => ({ ...claims, software_client_name: 'Meridian Bank' })),
    'with more roles under an honest signature': () =>
      rewritten(honest(), (claims) => ({ ...claims, software_roles: ['AISP', 'PISP'] })),
    'of alg none': () => honest({ alg: 'none' }),
    'of alg None with the signature of another': () =>
      rewritten(honest(), (claims) => claims, { alg: 'None' }),
    'of alg HS256 with the directory’s public key as secret': () => {
      const { publicKey, kid } = house.directory.key
      const secret = publicKey.export({ type: 'spki', format: 'pem' })
      return signJws({ alg: 'HS256', kid, typ: 'JWT' }, claimsOf(honest()), Buffer.from(secret))
    },
    'of alg RS256 by the directory’s own key': () => honest({ alg: 'RS256' }),
    'with a critical header': () => honest({ header: { crit: ['b64'], b64: true } }),
    expired: () => honest({ claims: { exp: seconds() - 1 } }),
    'older than an hour': () => honest({ claims: { iat: seconds() - 3_700, exp: seconds() + 600 } }),
    'from the future': () => honest({ claims: { iat: seconds() + 600 } }),
    'without a time': () => honest({ claims: { iat: undefined } }),
    'without an id, so that it could be used again': () => honest({ claims: { jti: undefined } }),
    'of another directory': () => honest({ claims: { iss: 'https://directory.shady-ledger.test' } }),
    'of another directory, signed by its own key': async () => {
      const own = await makeKeyPair('PS256')
      return honest({ key: own, claims: { iss: 'https://directory.shady-ledger.test' } })
    },
  }

  for (const [what, make] of Object.entries(forgeries))
    it(`${what}: nothing is created`, async () => {
      const before = await rows()
      const answer = await register(await make())
      assert.equal(answer.status, 400)
      assert.equal(errorOf(answer), 'invalid_software_statement')
      assert.deepEqual(await rows(), before)
      assert.equal(house.directory.asked.get('/attackers-keys'), undefined)
    })

  it('or is an honest one shown 20 times at once over two processes: one client, in each of 8 rounds', async () => {
    for (let round = 0; round < 8; round += 1) {
      const [before] = await house.sql<{ parties: number }>(
        'select count(*)::int as parties from third_party',
      )
      const statement = honest()
      const answers = await atOnce(20, house.processes, ({ via }) => register(statement, via))
      const outcomes = counted(answers.map((answer) => errorOf(answer) ?? answer.status))
      assert.deepEqual(outcomes, { 201: 1, invalid_software_statement: 19 }, `round ${round}`)
      const [after] = await house.sql<{ parties: number }>('select count(*)::int as parties from third_party')
      assert.equal((after?.parties ?? 0) - (before?.parties ?? 0), 1)
    }
  })

  it('or is somebody else’s, overheard and already used', async () => {
    const statement = honest()
    assert.equal((await register(statement)).status, 201)
    const before = await rows()
    const again = await register(statement)
    assert.equal(again.status, 400)
    assert.equal(errorOf(again), 'invalid_software_statement')
    assert.deepEqual(await rows(), before)
  })
})
