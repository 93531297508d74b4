import assert from 'node:assert/strict'
import type { webcrypto } from 'node:crypto'
import type { LookupFunction } from 'node:net'
import * as client from 'openid-client'
import { Agent, type RequestInit as UndiciInit, fetch as undiciFetch } from 'undici'
import { addResourceServer } from '../attacks/resource-server.ts'
import { type House, openHouse } from '../support/house.ts'
import type { JsonObject } from '../support/json.ts'
import { type KeyPair, makeKeyPair } from '../support/jws.ts'
import { askStatement } from '../support/registration.ts'

const redirectUri = 'https://acme-budget.test/callback'
const details = [{ type: 'account_access', permissions: ['ReadAccountsBasic', 'ReadBalances'] }]

// Everything but the keys and the directory's statement is openid-client 6 as it comes.
describe('a third party made of openid-client alone', () => {
  let house: House
  let agent: Agent
  let key: KeyPair
  let configuration: client.Configuration
  let proof: client.DPoPHandle

  before(async () => {
    house = await openHouse()
    agent = new Agent({ connect: { ca: house.authority.certificate, lookup: thisMachine } })
    key = await makeKeyPair('PS256')
  })
  after(async () => {
    await agent?.close()
    await house.close()
  })

  // Names of the tests are this machine, and their certificates come from the tests' authority.
  const here: client.CustomFetch = async (url, options) => {
    // Two declarations of one standard: the global's and undici's.
    const init = { ...options, dispatcher: agent } as unknown as UndiciInit
    return (await undiciFetch(url, init)) as unknown as Response
  }

  async function authentication(pair: KeyPair): Promise<client.ClientAuth> {
    return client.PrivateKeyJwt({ key: await importedKey(pair), kid: pair.kid })
  }

  it('discovers the bank and registers itself', async () => {
    const facts = { name: 'Acme Budget', redirectUris: [redirectUri], roles: ['AISP'], keys: [key] }
    const statement = await askStatement(house.transport, house.directory.url, facts)
    const registered = await client.dynamicClientRegistration(
      new URL(house.issuer),
      {
        software_statement: statement,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'PS256',
        id_token_signed_response_alg: 'PS256',
        dpop_bound_access_tokens: true,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
      },
      client.None(),
      { [client.customFetch]: here },
    )
    const metadata = registered.clientMetadata()
    assert.ok(metadata.client_id)
    configuration = await client.discovery(
      new URL(house.issuer),
      metadata.client_id,
      metadata,
      await authentication(key),
      { [client.customFetch]: here },
    )
    proof = client.getDPoPHandle(configuration, await client.randomDPoPKeyPair('ES256'))
  })

  let tokens: client.TokenEndpointResponse & client.TokenEndpointResponseHelpers

  it('pushes its request, and exchanges the code its customer brings back', async () => {
    const verifier = client.randomPKCECodeVerifier()
    const state = client.randomState()
    const nonce = client.randomNonce()
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'openid accounts',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      authorization_details: JSON.stringify(details),
      state,
      nonce,
    }
    const url = await client.buildAuthorizationUrlWithPAR(configuration, parameters, { DPoP: proof })
    const customer = await house.customer()
    const callback = await customer.authorise(house.browser(), url.href, { accounts: [1, 2] })
    tokens = await client.authorizationCodeGrant(
      configuration,
      new URL(callback),
      { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
      undefined,
      { DPoP: proof },
    )
    assert.equal(tokens.token_type, 'dpop')
    assert.ok(tokens.claims()?.sub)
    assert.ok(tokens.refresh_token)
  })

  async function accounts(accessToken: string): Promise<readonly JsonObject[]> {
    const url = new URL(`${house.gateway}/accounts`)
    const response = await client.fetchProtectedResource(
      configuration,
      accessToken,
      url,
      'GET',
      undefined,
      undefined,
      { DPoP: proof },
    )
    assert.equal(response.status, 200)
    // The gateway answers with accounts.
    return ((await response.json()) as { accounts: JsonObject[] }).accounts
  }

  it('reads the accounts', async () => {
    const read = await accounts(tokens.access_token)
    assert.deepEqual(
      read.map(({ nickname }) => nickname),
      ['Bills account', 'Savings account'],
    )
  })

  it('refreshes, and reads on', async () => {
    const refreshed = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', undefined, {
      DPoP: proof,
    })
    assert.notEqual(refreshed.access_token, tokens.access_token)
    assert.equal((await accounts(refreshed.access_token)).length, 2)
  })

  it('and so is a resource API that introspects', async () => {
    const api = await addResourceServer(house, house.gateway)
    const asker = await client.discovery(
      new URL(house.issuer),
      api.clientId,
      {},
      await authentication(api.facts.key),
      { [client.customFetch]: here },
    )
    const answer = await client.tokenIntrospection(asker, tokens.access_token)
    assert.equal(answer.active, true)
    assert.equal(answer.client_id, configuration.clientMetadata().client_id)
    assert.equal(answer.sub, tokens.claims()?.sub)
  })

  it('gives its tokens back, and is refused from then on', async () => {
    await client.tokenRevocation(configuration, tokens.refresh_token ?? '')
    await assert.rejects(accounts(tokens.access_token), client.WWWAuthenticateChallengeError)
    await assert.rejects(
      client.refreshTokenGrant(configuration, tokens.refresh_token ?? '', undefined, { DPoP: proof }),
      (error) => error instanceof client.ResponseBodyError && error.error === 'invalid_grant',
    )
  })
})

const algorithms = {
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
} as const

function importedKey({ alg, privateKey }: KeyPair): Promise<webcrypto.CryptoKey> {
  if (alg === 'EdDSA') throw new TypeError('not served here')
  const der = privateKey.export({ format: 'der', type: 'pkcs8' })
  return crypto.subtle.importKey('pkcs8', Uint8Array.from(der), algorithms[alg], false, ['sign'])
}

const thisMachine: LookupFunction = (_name, { all }, done) => {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }])
  else done(null, '127.0.0.1', 4)
}
