import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import { makeKeyPair } from '../support/jws.ts'
import type { CollectedTokens, ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { sharedAccounts } from './shared-accounts.ts'

describe('a token is stolen', () => {
  let house: House
  let acme: ThirdParty
  let tokens: CollectedTokens
  /** For userinfo, which serves tokens that are for no other resource. */
  let identity: CollectedTokens
  const identityAlone = { scope: 'openid', authorization_details: undefined }
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
    tokens = await sharedAccounts(house, acme)
    identity = await sharedAccounts(house, acme, { parameters: identityAlone })
  })
  after(() => house.close())

  const refused = (answer: Answer, what: string): void => {
    assert.equal(answer.status, 401, what)
    const error = errorOf(answer) ?? ''
    assert.ok(['invalid_token', 'invalid_dpop_proof'].includes(error), `${what}: ${error}`)
    assert.ok(!('accounts' in answer.json()), what)
  }

  describe('that is bound to a DPoP key', () => {
    it('and shown with a proof by the thief’s own key', async () => {
      const thief = acme.with({ dpopKey: await makeKeyPair('ES256') })
      refused(await thief.resource('/accounts', tokens.accessToken), 'the gateway')
      refused(await thief.userinfo(identity.accessToken), 'userinfo')
    })

    it('and shown with a proof that names the holder’s key and is signed by another', async () => {
      const { privateKey: signedBy } = await makeKeyPair('ES256')
      await acme.read('/accounts', tokens.accessToken)
      refused(await acme.resource('/accounts', tokens.accessToken, { proof: { signedBy } }), 'the gateway')
      refused(await acme.userinfo(identity.accessToken, { proof: { signedBy } }), 'userinfo')
    })

    it('and shown without any proof', async () => {
      refused(await acme.resource('/accounts', tokens.accessToken, { proof: false }), 'the gateway')
      // RFC 9449 §7.1: userinfo names no error other than that a proof is missing.
      const answer = await acme.userinfo(identity.accessToken, { proof: false })
      assert.ok([400, 401].includes(answer.status), String(answer.status))
      assert.ok(!('sub' in answer.json()))
    })

    it('and shown as a mere Bearer token, with and without a proof', async () => {
      for (const proof of [undefined, false] as const) {
        const options = { scheme: 'Bearer', ...(proof === false && { proof }) }
        refused(await acme.resource('/accounts', tokens.accessToken, options), `proof: ${proof}`)
        const answer = await acme.userinfo(identity.accessToken, options)
        assert.ok([400, 401].includes(answer.status), String(answer.status))
      }
    })

    it('and shown with the holder’s own proof for another address, method or token', async () => {
      await acme.read('/accounts', tokens.accessToken)
      const other = (await acme.renew(tokens.refreshToken ?? '')).accessToken
      const url = acme.resourceUrl('/accounts')
      const honest = { server: 'gateway', method: 'GET', url, accessToken: tokens.accessToken } as const
      for (const [what, change] of [
        ['address', { url: acme.resourceUrl('/accounts/x/balances') }],
        ['host', { url: `${house.issuer}/accounts` }],
        ['method', { method: 'POST' }],
        ['token', { accessToken: other }],
      ] as const) {
        const proof = acme.caller.proof({ ...honest, ...change })
        refused(await acme.resource('/accounts', tokens.accessToken, { proof }), what)
      }
    })

    it('and shown by the holder’s own proof: that is no theft', async () => {
      assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
      assert.equal((await acme.userinfo(identity.accessToken)).status, 200)
    })
  })

  describe('that is bound to a certificate', () => {
    let mobile: ThirdParty
    let bound: CollectedTokens
    before(async () => {
      mobile = await house.register({ variant: 'private_key_jwt-mtls', alg: 'ES256' })
      bound = await sharedAccounts(house, mobile)
    })

    it('and shown on a connection with another certificate, of the same name and CA', async () => {
      const certificate = await house.authority.client({ commonName: mobile.clientId })
      refused(await mobile.resource('/accounts', bound.accessToken, { certificate }), 'the gateway')
      const { accessToken } = await sharedAccounts(house, mobile, { parameters: identityAlone })
      assert.equal((await mobile.userinfo(accessToken)).status, 200)
      refused(await mobile.userinfo(accessToken, { certificate }), 'userinfo')
    })

    it('and shown on a connection without one', async () => {
      refused(await mobile.resource('/accounts', bound.accessToken, { certificate: false }), 'the gateway')
    })

    it('and shown with the holder’s public certificate in a header, as a proxy would put it', async () => {
      const pem = mobile.facts.certificate?.certificate ?? ''
      const der = pem.replace(/-----[A-Z ]+-----|\s/g, '')
      const headers = {
        'client-cert': `:${der}:`,
        'x-client-cert': encodeURIComponent(pem),
        'x-amzn-mtls-clientcert': encodeURIComponent(pem),
        'x-forwarded-client-cert': `Cert="${encodeURIComponent(pem)}"`,
        'x-ssl-client-cert': encodeURIComponent(pem),
        'ssl-client-cert': encodeURIComponent(pem),
      }
      const options = { certificate: false, headers } as const
      refused(await mobile.resource('/accounts', bound.accessToken, options), 'the gateway')
      const renewed = await mobile.refresh(bound.refreshToken ?? '', options)
      assert.equal(renewed.status, 400)
      assert.ok(!('access_token' in renewed.json()))
    })

    it('and shown as a DPoP token with a proof by the thief’s key', async () => {
      const thief = mobile.with({ variant: 'private_key_jwt-dpop' })
      refused(await thief.resource('/accounts', bound.accessToken), 'the gateway')
    })

    it('and shown on the holder’s own connection: that is no theft', async () => {
      assert.equal((await mobile.resource('/accounts', bound.accessToken)).status, 200)
    })
  })

  describe('that is a refresh token', () => {
    it('by another third party, with its own keys', async () => {
      const shady = await house.register({ alg: 'ES256', name: 'Shady Ledger' })
      const answer = await shady.refresh(tokens.refreshToken ?? '')
      assert.equal(errorOf(answer), 'invalid_grant')
      // Nor can it end what is not its own (RFC 7009 §2.1).
      await shady.revoke(tokens.refreshToken ?? '')
      await shady.revoke(tokens.accessToken)
      assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
      await acme.renew(tokens.refreshToken ?? '')
    })

    it('and shown where an access token belongs', async () => {
      refused(await acme.resource('/accounts', tokens.refreshToken ?? ''), 'the gateway')
      refused(await acme.userinfo(identity.refreshToken ?? ''), 'userinfo')
    })
  })
})
