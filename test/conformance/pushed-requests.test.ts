import assert from 'node:assert/strict'
import {
  everythingReadable,
  newPendingRequest,
  type Parameters,
  requestParameters,
} from '../support/authorization-request.ts'
import { expectRefusal, expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { agreed } from './agreed.ts'

describe('pushed authorization requests (RFC 9126, FAPI 2.0 Security Profile §5.3.2.2)', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  const push = (changes: Parameters = {}, options = {}): Promise<Answer> =>
    acme.push(
      { ...requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)), ...changes },
      options,
    )

  it('are answered 201 with a request_uri of 128 random bits that lives 60 seconds', async () => {
    const answer = expectStatus(await push(), 201)
    const { request_uri: uri, expires_in: seconds } = answer.json()
    assert.match(String(uri), /^urn:ietf:params:oauth:request_uri:[A-Za-z0-9_-]{22,}$/)
    assert.equal(seconds, 60)
    assert.equal(answer.headers['cache-control'], 'no-store')
    const other = expectStatus(await push(), 201).json().request_uri
    assert.notEqual(other, uri)
  })

  it('are kept as hashes: the request_uri itself is nowhere in the database', async () => {
    const { request_uri: uri } = expectStatus(await push(), 201).json()
    const id = String(uri).split(':').at(-1)
    const rows = await house.sql<{ found: boolean }>(
      "select o::text like '%' || $1 || '%' as found from one_time o where kind = 'pushed-request'",
      [id],
    )
    assert.ok(rows.length > 0)
    assert.deepEqual([...new Set(rows.map(({ found }) => found))], [false])
  })

  const refused: Readonly<Record<string, [Parameters, ...string[]]>> = {
    'without redirect_uri': [{ redirect_uri: undefined }, 'invalid_request'],
    'with a redirect_uri nobody registered': [
      { redirect_uri: 'https://shady-ledger.test/callback' },
      'invalid_redirect_uri',
      'invalid_request',
    ],
    'without a PKCE challenge': [
      { code_challenge: undefined, code_challenge_method: undefined },
      'invalid_request',
    ],
    'with a PKCE challenge in clear': [{ code_challenge_method: 'plain' }, 'invalid_request'],
    'with a challenge but no method, which would mean plain': [
      { code_challenge_method: undefined },
      'invalid_request',
    ],
    'with a challenge that is no SHA-256': [{ code_challenge: 'short' }, 'invalid_request'],
    'with a request_uri of their own': [
      { request_uri: 'urn:ietf:params:oauth:request_uri:abc' },
      'request_uri_not_supported',
    ],
    'with a request_uri that would have to be fetched': [
      { request_uri: 'https://shady-ledger.test/request.jwt' },
      'request_uri_not_supported',
    ],
    'with a request object, which is not offered': [
      { request: 'eyJhbGciOiJub25lIn0.e30.' },
      'request_not_supported',
    ],
    'for a token': [{ response_type: 'token' }, 'unsupported_response_type', 'invalid_request'],
    'for an id_token beside the code': [
      { response_type: 'code id_token' },
      'unsupported_response_type',
      'invalid_request',
    ],
    'for nothing': [{ response_type: undefined }, 'invalid_request'],
    'with response_mode=fragment': [
      { response_mode: 'fragment' },
      'invalid_request',
      'unsupported_response_mode',
    ],
    'with response_mode=form_post': [
      { response_mode: 'form_post' },
      'invalid_request',
      'unsupported_response_mode',
    ],
    'with response_mode=form_post.jwt': [
      { response_mode: 'form_post.jwt' },
      'invalid_request',
      'unsupported_response_mode',
    ],
    'with response_mode=fragment.jwt': [
      { response_mode: 'fragment.jwt' },
      'invalid_request',
      'unsupported_response_mode',
    ],
    'for another resource': [{ resource: 'https://elsewhere.test' }, 'invalid_target'],
    'with authorization_details of an unknown type': [
      { authorization_details: JSON.stringify([{ type: 'payment_initiation' }]) },
      'invalid_authorization_details',
    ],
    'with authorization_details that are not JSON': [
      { authorization_details: '[{' },
      'invalid_authorization_details',
      'invalid_request',
    ],
    'with an unknown field in authorization_details': [
      { authorization_details: JSON.stringify([{ ...everythingReadable, actions: ['pay'] }]) },
      'invalid_authorization_details',
    ],
    'with two consents in one': [
      { authorization_details: JSON.stringify([everythingReadable, everythingReadable]) },
      'invalid_authorization_details',
    ],
    'for another client than the one that authenticates': [
      { client_id: 'somebody-else' },
      'invalid_client',
      'invalid_request',
    ],
    'with a parameter twice': [{ scope: ['openid', 'openid accounts'] }, 'invalid_request'],
    'with dpop_jkt of another key than the proof': [
      { dpop_jkt: 'vv_sBmNSy7FtRVLPxZVYzVJHXBZtHfQBxkGRmlKdXgQ' },
      'invalid_request',
    ],
  }
  for (const [how, [changes, ...errors]] of Object.entries(refused)) {
    it(`are refused ${how}`, async () => {
      const answer = await acme.push(
        requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)),
        { parameters: changes },
      )
      const error = answer.json().error
      assert.ok(answer.status === 400 || answer.status === 401, `${answer.status} ${error}`)
      assert.ok(errors.includes(String(error)), `${error}: ${answer.json().error_description}`)
      assert.equal(answer.json().request_uri, undefined)
      assert.equal(answer.headers['cache-control'], 'no-store')
    })
  }

  it('may say dpop_jkt themselves when it is the key they prove (RFC 9449 §10)', async () => {
    expectStatus(await push({ dpop_jkt: acme.facts.dpopKey.kid }), 201)
  })

  it('bind the code to the key of their proof (RFC 9449 §10.1)', async () => {
    const { asked, code } = await agreed(house, await acme.ask())
    const otherKey = await makeKeyPair('ES256')
    expectRefusal(await acme.exchange(code, asked, { proof: { key: otherKey } }), 400, 'invalid_grant')
    expectStatus(await acme.exchange(code, asked), 200)
  })

  it('need a client that authenticates', async () => {
    expectRefusal(await push({}, { assertion: false }), 401, 'invalid_client')
  })

  it('take the redirect_uri byte for byte (threats A1)', async () => {
    const registered = acme.facts.redirectUri
    for (const uri of mutations(registered)) {
      const answer = await push({ redirect_uri: uri })
      assert.equal(answer.status, 400, uri)
    }
    expectStatus(await push({ redirect_uri: registered }), 201)
  })

  it('take long and missing state and nonce: whole or not at all', async () => {
    for (const length of [64, 384]) {
      const text = 'n'.repeat(length)
      const answer = await push({ nonce: text, state: text })
      assert.equal(answer.status, 201, `${length}`)
    }
    expectStatus(await push({ state: undefined, nonce: undefined }), 201)
  })
})

function mutations(uri: string): readonly string[] {
  const url = new URL(uri)
  const { host, pathname: path } = url
  return [
    `${uri}/`,
    `${uri}?`,
    `${uri}?x=1`,
    `${uri}#`,
    `${uri}#fragment`,
    `${uri}/..;/elsewhere`,
    `${uri}/../callback`,
    `${uri}%2f..%2felsewhere`,
    `${uri}%00`,
    `${uri} `,
    ` ${uri}`,
    `${uri}\t`,
    `http://${host}${path}`,
    `HTTPS://${host}${path}`,
    `https://${host.toUpperCase()}${path}`,
    `https://${host}:443${path}`,
    `https://${host}.${path}`,
    `https://user@${host}${path}`,
    `https://${host}@shady-ledger.test${path}`,
    `https://shady-ledger.test@${host}${path}`,
    `https://shady-ledger.test#@${host}${path}`,
    `https://${host}${path.toUpperCase()}`,
    `https://${host}/${path}`,
    `https://${host}/%2e${path}`,
    `https://${host}/.${path}`,
    `https://www.${host}${path}`,
    `https://${host}\\@shady-ledger.test${path}`,
    `//${host}${path}`,
    path,
    'https://localhost/callback',
    'javascript:alert(1)',
  ]
}
