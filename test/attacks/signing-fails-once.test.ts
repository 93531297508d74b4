import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { Problem } from '../../src/domain/problem.ts'
import type { SigningKey } from '../../src/domain/signing-key.ts'
import { localSigningKey } from '../../src/keys/local-signing-key.ts'
import { offeredAccounts } from '../support/customer.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { addResourceServer } from './resource-server.ts'
import { justAgreed, sharedAccounts } from './shared-accounts.ts'

/** A key that cannot sign for the next `failures` times it is asked, as a KMS that throttles. */
interface WeakKey extends SigningKey {
  failures: number
  asked: number
}

async function weakKey(privateKey: Parameters<typeof localSigningKey>[0]): Promise<WeakKey> {
  const strong = await localSigningKey(privateKey)
  const weak: WeakKey = {
    ...strong,
    failures: 0,
    asked: 0,
    sign: async (data) => {
      weak.asked += 1
      if (weak.failures === 0) return strong.sign(data)
      weak.failures -= 1
      throw new Problem('unavailable', 'The key cannot sign now.')
    },
  }
  return weak
}

describe('signing fails once', () => {
  let house: House
  let key: WeakKey
  let acme: ThirdParty
  let bank: ThirdParty
  before(async () => {
    key = await weakKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
    const other = await weakKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
    house = await openHouse({ overrides: { keys: [key, other] } })
    acme = await house.register()
    bank = await addResourceServer(house, house.gateway)
  })
  after(() => house.close())
  afterEach(() => {
    assert.equal(key.failures, 0, 'the key was asked, and failed')
  })

  const isHonest = (answer: Answer): void => {
    assert.equal(answer.status, 503)
    assert.equal(errorOf(answer), 'temporarily_unavailable')
    const seconds = Number(answer.headers['retry-after'])
    assert.ok(seconds >= 1 && seconds <= 10, `Retry-After: ${answer.headers['retry-after']}`)
    assert.equal(answer.headers['cache-control'], 'no-store')
    assert.ok(!answer.body.includes('key'), 'the third party is not told of keys')
  }
  /** All that a request may change, told apart by its content. Replays are spent at once, whatever comes of it. */
  const kept = () =>
    house.sql(
      `select (select count(*) from token)::int as tokens, (select count(*) from "grant")::int as grants,
        (select count(*) from one_time where consumed_at is not null)::int as spent,
        (select count(*) from one_time where kind <> 'replay')::int as made,
        (select count(*) from audit_event)::int as told,
        (select count(*) from interaction where finished_at is not null)::int as finished`,
    )

  it('at /token for a code: nothing is spent, the retry succeeds, a third use is reuse and ends it', async () => {
    const { code, asked } = await justAgreed(house, acme)
    const before = await kept()
    key.failures = 1
    isHonest(await acme.exchange(code, asked))
    assert.deepEqual(await kept(), before)

    const tokens = await acme.accept(await acme.exchange(code, asked), asked)
    assert.equal((await bank.introspect(tokens.accessToken)).json().active, true)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)

    assert.equal(errorOf(await acme.exchange(code, asked)), 'invalid_grant')
    assert.deepEqual((await bank.introspect(tokens.accessToken)).json(), { active: false })
    const [{ reason } = { reason: '' }] = await house.sql<{ reason: string }>(
      'select reason from consent order by created_at desc limit 1',
    )
    assert.equal(reason, 'code-reuse')
  })

  it('at /token for a code, five times in a row: the sixth succeeds', async () => {
    const { code, asked } = await justAgreed(house, acme)
    key.failures = 5
    for (let time = 0; time < 5; time += 1) isHonest(await acme.exchange(code, asked))
    const tokens = await acme.accept(await acme.exchange(code, asked), asked)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('at /token for a refresh: the old tokens live on, and the retry succeeds', async () => {
    const tokens = await sharedAccounts(house, acme)
    const before = await kept()
    const asked = key.asked
    key.failures = 1
    isHonest(await acme.refresh(tokens.refreshToken ?? ''))
    assert.equal(key.asked, asked + 1, 'a refresh of an openid grant signs an id_token')
    assert.deepEqual(await kept(), before)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
    const renewed = await acme.renew(tokens.refreshToken ?? '')
    assert.equal((await acme.resource('/accounts', renewed.accessToken)).status, 200)
  })

  it('on the way back with a signed answer (JARM): the same address again leads back with the code', async () => {
    const asked = await acme.ask(undefined, { parameters: { response_mode: 'jwt' } })
    const customer = await house.customer()
    const browser = house.browser()
    const page = await customer.arrive(browser, asked.url)
    const accounts = offeredAccounts(page).map((box) => box.value)
    const posted = await browser.submit(page.form('consent-allow'), { accounts }, 'consent-allow', {
      follow: false,
    })
    const resume = new URL(posted.answer?.headers.location ?? '', house.issuer).href

    const before = await kept()
    key.failures = 1
    const failed = await browser.get(resume, { from: page })
    assert.equal(failed.status, 503)
    assert.equal(failed.callback, undefined, 'the customer is still with us')
    assert.equal(failed.answer?.headers['set-cookie'], undefined, 'and keeps the cookies of the journey')
    assert.deepEqual(await kept(), before)
    const [awaiting] = await house.sql('select state from consent order by created_at desc limit 1')
    assert.deepEqual(awaiting, { state: 'awaiting' })

    const back = await browser.get(resume, { from: failed })
    const response = new URL(back.callback ?? 'none:').searchParams.get('response') ?? ''
    const claims = JSON.parse(Buffer.from(response.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(claims.iss, house.issuer)
    assert.equal(claims.aud, acme.clientId)
    assert.equal(claims.state, asked.state)
    const tokens = await acme.accept(await acme.exchange(String(claims.code), asked), asked)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('on the way back of a customer who refused: the same address again leads back with the refusal', async () => {
    const asked = await acme.ask(undefined, { parameters: { response_mode: 'jwt' } })
    const browser = house.browser()
    const page = await (await house.customer()).arrive(browser, asked.url)
    key.failures = 1
    const failed = await browser.submit(page.form('consent-deny'), {}, 'consent-deny')
    assert.equal(failed.status, 503)
    const back = await browser.get(failed.url, { from: page })
    const response = new URL(back.callback ?? 'none:').searchParams.get('response') ?? ''
    const claims = JSON.parse(Buffer.from(response.split('.')[1] ?? '', 'base64url').toString())
    assert.equal(claims.error, 'access_denied')
    const [closed] = await house.sql('select state, reason from consent order by created_at desc limit 1')
    assert.deepEqual(closed, { state: 'rejected', reason: 'refused-by-customer' })
  })
})
