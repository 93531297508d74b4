import assert from 'node:assert/strict'
import { newPendingRequest, requestParameters } from '../support/authorization-request.ts'
import { type House, openHouse } from '../support/house.ts'
import { firstStatus, sendRaw } from '../support/raw-socket.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { sharedAccounts } from './shared-accounts.ts'

const EVIL = 'shady-ledger.test'

describe('a request names another host', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register({ alg: 'ES256' })
  })
  after(() => house.close())

  const paths = ['/', '/.well-known/openid-configuration', '/login', '/authorize', '/jwks', '/connections']

  it('in Host: nobody is served, on any door', async () => {
    const port = new URL(house.issuer).port
    for (const host of [
      EVIL,
      `${EVIL}:${port}`,
      `auth.postern.test.${EVIL}:${port}`,
      `auth.postern.test@${EVIL}:${port}`,
      `auth.postern.test.:${port}`,
      'auth.postern.test',
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      new URL(house.gateway).host,
    ])
      for (const path of paths) {
        const answer = await house.transport.send({ url: `${house.issuer}${path}`, headers: { host } })
        assert.equal(answer.status, 421, `${host} ${path}`)
        assert.ok(!JSON.stringify([answer.body, answer.rawHeaders]).includes(EVIL))
      }
    for (const door of [house.gateway, house.config.certificate.url]) {
      const answer = await house.transport.send({ url: `${door}/accounts`, headers: { host: EVIL } })
      assert.equal(answer.status, 421, door)
    }
  })

  it('in two Host headers, in none, or in the request line: refused before anything reads it', async () => {
    const { host } = new URL(house.issuer)
    for (const head of [
      `GET / HTTP/1.1\r\nHost: ${host}\r\nHost: ${EVIL}\r\n`,
      `GET / HTTP/1.1\r\nHost: ${EVIL}\r\nHost: ${host}\r\n`,
      'GET / HTTP/1.1\r\n',
      `GET https://${EVIL}/ HTTP/1.1\r\nHost: ${host}\r\n`,
      `GET //${EVIL}/ HTTP/1.1\r\nHost: ${host}, ${EVIL}\r\n`,
    ]) {
      const received = await sendRaw(`${head}\r\n`, { to: house.issuer, ca: house.authority.certificate })
      assert.ok([400, 421].includes(firstStatus(received) ?? 0), `${head}: ${received.slice(0, 60)}`)
      assert.ok(!received.includes(EVIL))
    }
  })

  const liars = {
    'x-forwarded-host': EVIL,
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '192.0.2.1',
    'x-forwarded-port': '1',
    'x-forwarded-prefix': `//${EVIL}`,
    forwarded: `for=192.0.2.1;host=${EVIL};proto=http`,
    'x-original-host': EVIL,
    'x-original-url': `https://${EVIL}/`,
    'x-rewrite-url': `https://${EVIL}/`,
    'x-host': EVIL,
  }

  it('in what a proxy would say: no answer repeats it, and discovery stays as it is', async () => {
    const honest = await house.transport.send({ url: `${house.issuer}/.well-known/openid-configuration` })
    const told = await house.transport.send({ url: honest.url, headers: liars })
    assert.equal(told.body, honest.body)
    const others: Answer[] = []
    for (const path of [...paths, '/nowhere', '/interaction/none/login', `/authorize?client_id=${EVIL}`])
      others.push(await house.transport.send({ url: `${house.issuer}${path}`, headers: liars }))
    others.push(await house.transport.send({ url: `${house.gateway}/accounts`, headers: liars }))
    others.push(await house.transport.send({ method: 'POST', url: `${house.issuer}/token`, headers: liars }))
    others.push(await house.transport.send({ method: 'POST', url: `${house.issuer}/par`, headers: liars }))
    for (const answer of others) {
      const whole = JSON.stringify([answer.body, answer.rawHeaders])
      assert.ok(!whole.includes(EVIL), answer.url)
      assert.ok(answer.status < 500, `${answer.url}: ${answer.status}`)
    }
  })

  it('in what a proxy would say, all along a journey: the proofs are still for our own address', async () => {
    const pushed = await acme.push(
      requestParameters(acme.clientId, newPendingRequest(acme.facts.redirectUri)),
      { headers: liars },
    )
    assert.equal(pushed.status, 201)
    assert.ok(!pushed.body.includes(EVIL))
    const tokens = await sharedAccounts(house, acme)
    assert.equal((await acme.refresh(tokens.refreshToken ?? '', { headers: liars })).status, 200)
    assert.equal((await acme.resource('/accounts', tokens.accessToken, { headers: liars })).status, 200)
    // A proof for the attacker's address is none for ours, whatever a header says that our address is.
    const proof = acme.caller.proof({ server: 'authority', method: 'POST', url: `https://${EVIL}/token` })
    const lured = await acme.refresh(tokens.refreshToken ?? '', { proof, headers: liars })
    assert.equal(lured.status, 400)
  })

  it('on the browser’s way: every redirect leads to our own origin', async () => {
    const asked = await acme.ask()
    const page = await house.browser().get(asked.url, { headers: liars })
    assert.equal(page.status, 200)
    assert.equal(new URL(page.url).origin, house.issuer)
    for (const answer of page.trail) {
      assert.ok(!JSON.stringify([answer.body, answer.rawHeaders]).includes(EVIL))
      const location = new URL(answer.headers.location ?? '', house.issuer)
      assert.equal(location.origin, house.issuer)
    }
  })
})
