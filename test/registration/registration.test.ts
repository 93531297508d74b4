import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { Problem } from '../../src/domain/problem.ts'
import type { Json, JsonObject } from '../../src/domain/third-party.ts'
import { FetchFailed, FetchRefused } from '../../src/registration/guarded-fetch.ts'
import { makeKeyPair, signJws } from '../support/jws.ts'
import {
  type DirectoryUnderTest,
  ISSUER,
  NOW,
  openTestDirectory,
  openTestDoor,
  REDIRECT,
} from './directory-under-test.ts'

const seconds = NOW.getTime() / 1000

describe('registration', () => {
  let directory: DirectoryUnderTest

  before(async () => {
    directory = await openTestDirectory()
  })

  const derive = (metadata: JsonObject = {}, claims: JsonObject = {}) =>
    openTestDoor(directory).door.derive({ software_statement: directory.statement(claims), ...metadata })

  async function refuses(code: string, body: unknown, pattern = /./): Promise<void> {
    const { door, statements } = openTestDoor(directory)
    await assert.rejects(door.derive(body), (error: unknown) => {
      assert(error instanceof Problem, String(error))
      assert.equal(error.code, code, error.message)
      assert.match(error.message, pattern)
      assert(error.message.length < 250, error.message)
      // RFC 6749 §5.2: what an error_description may hold.
      assert.match(error.message, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
      return true
    })
    assert.equal(statements.spent.size, 0, 'the statement was spent')
  }

  const refusesStatement = (statement: Json, pattern = /./) =>
    refuses('invalid-software-statement', { software_statement: statement }, pattern)
  const refusesMetadata = (metadata: JsonObject, claims: JsonObject = {}, pattern = /./) =>
    refuses(
      'invalid-client-metadata',
      { software_statement: directory.statement(claims), ...metadata },
      pattern,
    )

  it('makes metadata of the statement alone', async () => {
    const { statement, metadata } = await derive()
    assert.equal(statement.softwareId, 'software-1')
    const { jwks, ...rest } = metadata
    assert.deepEqual(rest, {
      redirect_uris: [REDIRECT, 'https://acme.example/second'],
      client_name: 'Acme Budget',
      software_id: 'software-1',
      org_id: 'org-1',
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      response_modes: ['query', 'jwt', 'query.jwt'],
      require_pushed_authorization_requests: true,
      scope: 'openid accounts',
      authorization_details_types: ['account_access'],
      token_endpoint_auth_method: 'private_key_jwt',
      id_token_signed_response_alg: 'PS256',
      authorization_signed_response_alg: 'PS256',
      dpop_bound_access_tokens: true,
      security_profile: 'fapi2',
    })
    assert.deepEqual(jwks, { keys: [directory.software.publicJwk] })
  })

  it('lets nothing through that it does not know', async () => {
    const honest = await derive()
    const { metadata } = await derive({
      client_id: 'mine',
      client_secret: 'x',
      constructor: { prototype: { polluted: true } },
      first_party: true,
      introspection: true,
      logo_uri: 'http://evil.example/logo.svg',
      policy_uri: 'javascript:alert(1)',
      tos_uri: 'x',
      sector_identifier_uri: 'https://evil.example',
      subject_type: 'public',
      post_logout_redirect_uris: ['https://evil.example'],
      backchannel_logout_uri: 'http://169.254.169.254/',
      initiate_login_uri: 'https://evil.example',
      tls_client_auth_subject_dn: 'CN=x',
      registration_access_token: 'x',
      default_acr_values: ['x'],
    })
    assert.deepEqual({ ...metadata, jwks: 0 }, { ...honest.metadata, jwks: 0 })
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  describe('of a software statement', () => {
    it('takes one that an hour has not passed by, signed by PS256, with typ JWT or none', async () => {
      await derive({}, { iat: seconds - 3600 })
      await derive({}, { iat: seconds + 60 })
      await derive({}, { exp: seconds + 1, nbf: seconds + 60 })
      const { door } = openTestDoor(directory)
      const untyped = signJws(
        { alg: 'PS256', kid: directory.key.kid },
        { ...directory.claims, jti: 'u' },
        directory.key.privateKey,
      )
      await door.derive({ software_statement: untyped })
    })

    it('refuses none, and what is no JWT', async () => {
      await refuses('invalid-software-statement', {}, /missing/)
      for (const junk of [
        null,
        '',
        'junk',
        'a.b',
        'a.b.c',
        'a.b.c.d.e',
        1,
        {},
        ['x'],
        'x'.repeat(40_000),
        `${btoa('{"alg":"PS256","kid":"k"}')}.bm8.x`,
      ])
        await refusesStatement(junk)
    })

    it('refuses one that is older than an hour, from the future, expired or not yet good', async () => {
      await refusesStatement(directory.statement({ iat: seconds - 3601 }), /older than 60 minutes/)
      await refusesStatement(directory.statement({ iat: seconds + 61 }), /in the future/)
      await refusesStatement(directory.statement({ iat: 1e300 }), /in the future/)
      await refusesStatement(directory.statement({ iat: 'now' }), /iat is missing/)
      await refusesStatement(directory.statement({ exp: seconds }), /expired/)
      await refusesStatement(directory.statement({ exp: 'never' }), /expired/)
      await refusesStatement(directory.statement({ nbf: seconds + 61 }), /nbf/)
    })

    it('refuses one that is signed by anyone but its directory', async () => {
      const forger = await makeKeyPair('PS256')
      const claims = { ...directory.claims, jti: 'f' }
      const header = { alg: 'PS256', typ: 'JWT' }
      await refusesStatement(
        signJws({ ...header, kid: directory.key.kid }, claims, forger.privateKey),
        /signature/,
      )
      await refusesStatement(signJws({ ...header, kid: forger.kid }, claims, forger.privateKey), /kid/)
      await refusesStatement(
        signJws(
          {
            ...header,
            kid: directory.key.kid,
            jwk: forger.publicJwk,
            jku: 'https://evil.example',
            x5c: ['x'],
          } as JsonObject,
          claims,
          forger.privateKey,
        ),
        /signature/,
      )
    })

    it('refuses one by a directory that is not ours, and one without', async () => {
      for (const iss of ['https://other.example', `${ISSUER}/`, '', 'constructor'])
        await refusesStatement(directory.statement({ iss }), /directory that this bank knows/)
    })

    it('refuses what was changed after signing', async () => {
      const [header, , signature] = directory.statement().split('.')
      const changed = Buffer.from(
        JSON.stringify({ ...directory.claims, jti: 'x', software_roles: ['PISP'] }),
      ).toString('base64url')
      await refusesStatement(`${header}.${changed}.${signature}`, /signature/)
      await refusesStatement(directory.statement().slice(0, -4), /signature/)
    })

    it('refuses every other algorithm, an HMAC under the public key among them', async () => {
      const claims = { ...directory.claims, jti: 'a' }
      const { kid, privateKey, publicKey } = directory.key
      await refusesStatement(signJws({ alg: 'RS256', kid }, claims, privateKey), /PS256 or ES256/)
      await refusesStatement(signJws({ alg: 'none', kid }, claims, privateKey), /PS256 or ES256/)
      const secret = Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }))
      assert(createSecretKey(secret))
      await refusesStatement(signJws({ alg: 'HS256', kid }, claims, secret), /PS256 or ES256/)
      const ec = await makeKeyPair('ES256')
      await refusesStatement(signJws({ alg: 'ES256', kid }, claims, ec.privateKey), /not good for its alg/)
    })

    it('refuses a header of another kind', async () => {
      await refusesStatement(directory.statement({}, { typ: 'dpop+jwt' }), /typ/)
      await refusesStatement(directory.statement({}, { crit: ['exp'] }), /crit/)
      await refusesStatement(directory.statement({}, { kid: '' }), /kid/)
      await refusesStatement(directory.statement({}, { kid: 'k'.repeat(129) }), /kid/)
    })

    it('is accepted once', async () => {
      const { door, statements } = openTestDoor(directory)
      const body = { software_statement: directory.statement() }
      const results = await Promise.allSettled(Array.from({ length: 20 }, () => door.derive(body)))
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
      await assert.rejects(door.derive(body), { code: 'invalid-software-statement' })
      const [expiresAt] = statements.spent.values()
      assert(expiresAt !== undefined && expiresAt.getTime() >= (seconds - 10 + 3600) * 1000)
    })

    it('is not spent by a request that fails: the corrected one succeeds', async () => {
      const { door } = openTestDoor(directory)
      const software_statement = directory.statement()
      await assert.rejects(door.derive({ software_statement, scope: 'payments' }))
      await assert.rejects(door.derive({ software_statement, jwks: { keys: [] } }))
      await door.derive({ software_statement })
    })

    it('is no leave for software without a role here, or of an organisation that is not active', async () => {
      for (const claims of [{ software_roles: ['ASPSP'] }, { org_status: 'Revoked' }])
        await refuses('unapproved-software-statement', { software_statement: directory.statement(claims) })
    })

    it('needs names that a customer can read', async () => {
      await refusesStatement(directory.statement({ software_client_name: '\u200b\u202e' }), /readable/)
      await refusesStatement(directory.statement({ org_name: '\u200b' }), /readable/)
      const { metadata } = await derive({}, { software_client_name: ' Acme\u202e \n Budget ' })
      assert.equal(metadata.client_name, 'Acme Budget')
    })

    it('says that the directory is silent when it is, and spends nothing', async () => {
      const { door, statements } = openTestDoor(directory, {
        directories: [
          { issuer: ISSUER, keys: { find: () => Promise.reject(new Problem('unavailable', 'Silent.')) } },
        ],
      })
      await assert.rejects(door.derive({ software_statement: directory.statement() }), {
        code: 'unavailable',
      })
      assert.equal(statements.spent.size, 0)
    })
  })

  describe('of redirect URIs', () => {
    it('registers those asked for', async () => {
      assert.deepEqual((await derive({ redirect_uris: [REDIRECT] })).metadata.redirect_uris, [REDIRECT])
    })

    it('refuses one that the statement does not name', async () => {
      for (const uri of [
        'https://evil.example/cb',
        `${REDIRECT}/`,
        `${REDIRECT}?`,
        'http://acme.example/callback',
      ])
        await refuses('invalid-redirect-uri', {
          software_statement: directory.statement(),
          redirect_uris: [REDIRECT, uri],
        })
    })

    it('refuses plain http on this machine outside of the demo', async () => {
      const uri = 'http://localhost:7000/callback'
      const software_statement = directory.statement({ software_redirect_uris: [uri] })
      await refuses('invalid-redirect-uri', { software_statement })
      const { door } = openTestDoor(directory, { allowLoopbackRedirects: true })
      assert.deepEqual((await door.derive({ software_statement })).metadata.redirect_uris, [uri])
    })
  })

  describe('of choices', () => {
    it('refuses a request that is no object', async () => {
      for (const body of [null, [], 'x', 1, undefined])
        await refuses('invalid-client-metadata', body, /JSON object/)
    })

    it('takes exactly one sender constraint, DPoP when none is named', async () => {
      const dpop = 'dpop_bound_access_tokens'
      const mtls = 'tls_client_certificate_bound_access_tokens'
      for (const [asked, chosen] of [
        [{}, dpop],
        [{ [dpop]: true }, dpop],
        [{ [mtls]: false }, dpop],
        [{ [dpop]: true, [mtls]: false }, dpop],
        [{ [dpop]: null }, dpop],
        [{ [mtls]: true }, mtls],
        [{ [dpop]: false, [mtls]: true }, mtls],
      ] as [JsonObject, string][]) {
        const { metadata } = await derive(asked)
        assert.deepEqual(
          [metadata[dpop], metadata[mtls]],
          chosen === dpop ? [true, undefined] : [undefined, true],
        )
      }
      for (const asked of [
        { [dpop]: true, [mtls]: true },
        { [dpop]: false, [mtls]: false },
        { [dpop]: false },
      ] as JsonObject[])
        await refusesMetadata(asked, {}, /exactly one/i)
      await refusesMetadata({ [dpop]: 'true' })
      await refusesMetadata({ [mtls]: 1 })
    })

    it('keeps scope within the roles', async () => {
      assert.equal((await derive({ scope: 'accounts' })).metadata.scope, 'accounts')
      assert.equal((await derive({ scope: 'accounts openid openid' })).metadata.scope, 'openid accounts')
      for (const scope of [
        'payments',
        'accounts payments',
        '',
        ' ',
        'constructor',
        '__proto__',
        'openid  accounts',
        'offline_access',
        ['accounts'],
        1,
      ])
        await refusesMetadata({ scope }, {}, /scope/)
      const pisp = await derive({}, { software_roles: ['PISP'] })
      assert.equal(pisp.metadata.scope, 'openid')
      assert.equal(pisp.metadata.authorization_details_types, undefined)
      await refusesMetadata({ scope: 'accounts' }, { software_roles: ['PISP'] })
      await refusesMetadata({ authorization_details_types: ['account_access'] }, { software_roles: ['PISP'] })
    })

    it('refuses a value that the profile does not allow, and names those it does', async () => {
      for (const [name, values] of Object.entries({
        token_endpoint_auth_method: [
          'none',
          'client_secret_basic',
          'client_secret_jwt',
          'tls_client_auth',
          1,
          ['private_key_jwt'],
        ],
        token_endpoint_auth_signing_alg: ['RS256', 'HS256', 'none', 'PS512'],
        id_token_signed_response_alg: ['RS256', 'none', 'EdDSA', 'HS256'],
        authorization_signed_response_alg: ['RS256', 'none'],
        grant_types: [
          ['implicit'],
          ['password'],
          ['authorization_code', 'urn:openid:params:grant-type:ciba'],
          ['refresh_token'],
          [],
          'authorization_code',
        ],
        response_types: [['code id_token'], ['token'], [], ['code', 'code'], 'code'],
        response_modes: [['fragment'], ['form_post'], []],
        application_type: ['native'],
        require_pushed_authorization_requests: [false, 'true'],
        authorization_details_types: [['payment_initiation'], ['account_access', 'x']],
        security_profile: ['none', 'fapi1'],
        client_name: ['Meridian Bank', 1],
        software_id: ['other'],
        org_id: ['other'],
      }))
        for (const value of values)
          await refusesMetadata({ [name]: value } as JsonObject, {}, new RegExp(name))
    })

    it('takes what is allowed', async () => {
      const { metadata } = await derive({
        grant_types: ['client_credentials', 'authorization_code'],
        response_modes: ['jwt'],
        id_token_signed_response_alg: 'ES256',
        token_endpoint_auth_signing_alg: 'ES256',
        client_name: 'Acme Budget',
        org_id: 'org-1',
      })
      assert.deepEqual(metadata.grant_types, ['authorization_code', 'client_credentials'])
      assert.deepEqual(metadata.response_modes, ['jwt'])
      assert.equal(metadata.authorization_signed_response_alg, 'ES256')
      const machine = await derive({ grant_types: ['client_credentials'] })
      assert.deepEqual(machine.metadata.response_types, [])
    })

    it('promises no signature for which the bank has no key', async () => {
      const { door } = openTestDoor(directory, { signedBy: ['ES256'] })
      const software_statement = directory.statement()
      await assert.rejects(door.derive({ software_statement, id_token_signed_response_alg: 'PS256' }), {
        code: 'invalid-client-metadata',
      })
      const { metadata } = await door.derive({ software_statement })
      assert.equal(metadata.id_token_signed_response_alg, 'ES256')
    })

    it('refuses an algorithm that none of the keys serves', async () => {
      await refusesMetadata({ token_endpoint_auth_signing_alg: 'PS256' }, {}, /none of the keys/)
    })

    it('takes the address of the website from the statement alone', async () => {
      const { metadata } = await derive({}, { software_client_uri: 'https://acme.example' })
      assert.equal(metadata.client_uri, 'https://acme.example')
      const other = { client_uri: 'https://evil.example' }
      await refusesMetadata(other, { software_client_uri: 'https://acme.example' }, /client_uri/)
      assert.equal((await derive(other)).metadata.client_uri, undefined)
      assert.equal(
        (await derive({}, { software_client_uri: 'https://a@evil.example' })).metadata.client_uri,
        undefined,
      )
    })
  })

  describe('of keys', () => {
    const by = (answer: () => Promise<Json>) => {
      const asked: string[] = []
      const opened = openTestDoor(directory, {
        fetch: {
          json: (url) => {
            asked.push(url)
            return answer()
          },
        },
      })
      return { ...opened, asked }
    }
    const jwksUri = 'https://keys.example/jwks'
    const { software_jwks: _, ...withoutKeys } = { software_jwks: undefined, software_jwks_endpoint: jwksUri }
    const byReference = () => {
      const { software_jwks: __, ...claims } = directory.claims
      return signJws(
        { alg: 'PS256', kid: directory.key.kid },
        { ...claims, ...withoutKeys, jti: crypto.randomUUID() },
        directory.key.privateKey,
      )
    }

    it('takes the same keys from the request, and no others', async () => {
      const other = await makeKeyPair('ES256')
      await derive({ jwks: { keys: [{ ...directory.software.publicJwk, x5c: ['x'] }] } } as JsonObject)
      await refusesMetadata({ jwks: { keys: [other.publicJwk] } }, {}, /other keys/)
      await refusesMetadata(
        { jwks: { keys: [directory.software.publicJwk, other.publicJwk] } },
        {},
        /other keys/,
      )
      await refusesMetadata({ jwks_uri: 'https://evil.example/jwks' }, {}, /jwks_uri/)
      await refusesMetadata({ jwks: { keys: [] }, jwks_uri: jwksUri }, {}, /together/)
    })

    it('refuses weak, private, unnamed or too many keys that the directory vouches for', async () => {
      for (const keys of [
        [{ ...directory.software.publicJwk, d: 'x' }],
        [{ ...directory.software.publicJwk, kid: 1 }],
        [],
      ] as JsonObject[][])
        await refusesMetadata({}, { software_jwks: { keys } }, /key/)
    })

    it('fetches them once from where the statement says, and registers them by value', async () => {
      const { door, asked } = by(async () => ({ keys: [directory.software.publicJwk] }))
      const { metadata } = await door.derive({ software_statement: byReference(), jwks_uri: jwksUri })
      assert.deepEqual(metadata.jwks, { keys: [directory.software.publicJwk] })
      assert.equal(metadata.jwks_uri, undefined)
      assert.deepEqual(asked, [jwksUri])
    })

    it('fetches from nowhere else, and not for a request that fails anyway', async () => {
      const { door, asked, statements } = by(async () => ({ keys: [directory.software.publicJwk] }))
      for (const metadata of [
        { jwks_uri: 'https://evil.example/jwks' },
        { jwks: { keys: [directory.software.publicJwk] } },
        { scope: 'payments' },
        { redirect_uris: ['https://evil.example'] },
      ])
        await assert.rejects(door.derive({ software_statement: byReference(), ...metadata }))
      assert.deepEqual(asked, [])
      assert.equal(statements.spent.size, 0)
    })

    it('tells a rule that was broken from an address that does not answer, and no more than that', async () => {
      const code = async (failure: Error) => {
        const { door, statements } = by(() => Promise.reject(failure))
        const error = await door.derive({ software_statement: byReference() }).catch((e: unknown) => e)
        assert(error instanceof Problem)
        assert.equal(statements.spent.size, 0)
        assert.doesNotMatch(error.message, /10\.0|private|redirected to/)
        return error.code
      }
      assert.equal(await code(new FetchRefused('10.0.0.1 is private')), 'invalid-client-metadata')
      assert.equal(await code(new FetchFailed('10.0.0.1 timed out')), 'unavailable')
    })
  })
})
