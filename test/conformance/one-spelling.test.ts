import assert from 'node:assert/strict'
import { type House, openHouse } from '../support/house.ts'

const routes = ['/par', '/token', '/register', '/introspect', '/revoke', '/userinfo', '/authorize', '/jwks']

/** Other spellings of a path that a lax router would take for it; our guards compare exactly. */
function spellings(path: string): readonly string[] {
  const name = path.slice(1)
  const first = name.charCodeAt(0).toString(16)
  return [
    `/${name}/`,
    `/${name.toUpperCase()}`,
    `/${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    `//${name}`,
    `/%${first}${name.slice(1)}`,
    `/./${name}`,
    `/x/../${name}`,
    `/${name};x=1`,
    `/${name}%2f`,
    `/${name}%20`,
    `/${name}.json`,
    `/${name}/x`,
  ]
}

describe('an endpoint has one spelling, so that no other one passes its guards', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())

  for (const path of routes)
    it(`${path} is not reached by any other`, async () => {
      for (const target of spellings(path))
        for (const method of ['GET', 'POST']) {
          const answer = await house.transport.send({ method, url: `${house.issuer}/`, target })
          assert.equal(answer.status, 404, `${method} ${target}`)
          assert.equal(answer.headers['access-control-allow-origin'], undefined, target)
        }
    })

  const absent = [
    '/session/end',
    '/session/end/confirm',
    '/session/end/success',
    '/device',
    '/device/auth',
    '/backchannel',
    '/reg',
    '/reg/some-client',
    '/register/some-client',
    '/auth',
    '/me',
    '/request',
    '/token/introspection',
    '/token/revocation',
    '/credential',
    '/challenge',
    '/.well-known/webfinger',
    '/.well-known/openid-federation',
    '/.well-known/openid-credential-issuer',
    '/.well-known/change-password',
    '/.git/config',
    '/.env',
    '/metrics',
    '/admin',
  ]
  it("the engine's other routes, and what strangers guess, are not there", async () => {
    for (const path of absent)
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const answer = await house.transport.send({ method, url: `${house.issuer}${path}` })
        assert.equal(answer.status, 404, `${method} ${path}`)
      }
  })

  it("the engine's development pages are not there", async () => {
    for (const path of [
      '/interaction/some-uid',
      '/interaction/some-uid/abort',
      '/interaction/some-uid/login',
    ]) {
      const answer = await house.transport.send({ url: `${house.issuer}${path}` })
      assert.ok([400, 404].includes(answer.status), path)
      assert.doesNotMatch(answer.body, /oidc-provider|devInteractions|<script/)
    }
  })
})
