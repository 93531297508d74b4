import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Decision } from '../../src/domain/consent.ts'
import { reject, revoke } from '../../src/domain/consent.ts'
import { insertConsent, saveAuthorised, saveRejected, saveRevoked } from '../../src/store/consents.ts'
import { openCredentials } from '../../src/store/customers.ts'
import {
  findInteraction,
  finishInteraction,
  insertInteraction,
  recordDecision,
  saveFactorAccepted,
  savePasswordAccepted,
} from '../../src/store/interactions.ts'
import {
  consumeOneTime,
  findOneTime,
  insertOneTime,
  openReplays,
  spendLater,
} from '../../src/store/one-time.ts'
import { commit } from '../../src/store/writes.ts'
import {
  addCustomer,
  addShared,
  addThirdParty,
  awaitingConsent,
  later,
  now,
  openStore,
  outcomes,
  type Store,
} from './open-store.ts'

const MANY = Array.from({ length: 50 }, (_, turn) => turn)
const onlyOne = { won: 1, lost: MANY.length - 1 }
const random = () => randomBytes(32).toString('base64url')

describe('of fifty at once on two processes only one wins (house invariant 1)', () => {
  let store: Store
  let clientId: string
  before(async () => {
    store = await openStore()
    clientId = (await addThirdParty(store.one)).clientId
  })
  after(() => store.close())

  for (const kind of ['code', 'pushed-request'] as const)
    it(`who spends a ${kind}, and the others learn that it was used already`, async () => {
      const value = random()
      const entry = { kind, value, payload: { clientId }, expiresAt: later(60), keepUntil: later(600) }
      await commit(store.one, [insertOneTime(entry)])
      const race = MANY.map((turn) => commit(store.either(turn), [consumeOneTime(kind, value, now)]))
      assert.deepEqual(await outcomes(race), onlyOne)
      await assert.rejects(commit(store.one, [consumeOneTime(kind, value, now)]), { code: 'spent' })
      assert.deepEqual((await findOneTime(store.other, kind, value))?.consumedAt, now)
    })

  it('who shows an assertion or a proof', async () => {
    const key = randomBytes(32)
    const replays = [openReplays(store.one), openReplays(store.other)]
    const race = MANY.map((turn) => replays[turn % 2]?.spend(key, later(660)))
    assert.deepEqual(await outcomes(race.map((one) => one ?? assert.fail())), onlyOne)
  })

  it('who shows a statement, with the rest of their request', async () => {
    const key = randomBytes(32)
    const race = MANY.map((turn) => commit(store.either(turn), [spendLater(key, later(660))]))
    assert.deepEqual(await outcomes(race), onlyOne)
  })

  it('who uses a time-step of a second factor', async () => {
    const { id } = await addCustomer(store.one)
    const race = MANY.map((turn) =>
      openCredentials(store.either(turn), { aliases: false, now: () => now }).spendTotpStep(id, 7),
    )
    assert.deepEqual(await outcomes(race), onlyOne)
  })

  it('who ends a consent', async () => {
    const { consent } = await addShared(store.one, clientId, (await addCustomer(store.one)).id)
    const ended = revoke(consent, 'stopped-by-customer', now)
    const race = MANY.map((turn) => commit(store.either(turn), [saveRevoked(ended)]))
    assert.deepEqual(await outcomes(race), onlyOne)
  })

  it('who agrees or refuses, and the row is what the winner said', async () => {
    const customerId = (await addCustomer(store.one)).id
    const asked = awaitingConsent(clientId)
    await commit(store.one, [insertConsent(asked)])
    const agreed = {
      ...asked,
      state: 'authorised',
      customerId,
      accounts: [],
      grantId: asked.id,
      authorisedAt: now,
    } as const
    const rejected = reject(asked, { reason: 'refused-by-customer' }, now)
    const race = MANY.map((turn) =>
      commit(store.either(turn), [turn % 3 === 0 ? saveAuthorised(agreed) : saveRejected(rejected)]),
    )
    assert.deepEqual(await outcomes(race), onlyOne)
  })

  it('of at most five attempts before the lock is counted, and none is verified beyond', async () => {
    const key = randomBytes(32)
    const count = (turn: number) =>
      openCredentials(store.either(turn), { aliases: false, now: () => now }).countAttempt(key, now)
    const answers = await Promise.all(MANY.map(count))
    const allowed = answers.flatMap((answer) => (answer.allowed ? [answer.triesLeft] : []))
    assert.deepEqual(allowed.sort(), [0, 1, 2, 3, 4])
    const refused = answers.find((answer) => !answer.allowed)
    assert.deepEqual(refused, { allowed: false, until: later(15 * 60) })
  })

  describe('of decisions about one interaction', () => {
    let uid: string
    let customerId: string
    beforeEach(async () => {
      uid = random()
      customerId = (await addCustomer(store.one)).id
      const asked = awaitingConsent(clientId)
      const interaction = { uid, clientId, consentId: asked.id, payload: {}, now }
      await commit(store.one, [insertConsent(asked)])
      await commit(store.one, [insertInteraction(interaction)])
    })
    const refused: Decision = { kind: 'refused', decidedAt: now }
    const agreed: Decision = { kind: 'agreed', accounts: [], decidedAt: now }
    const signIn = async (at = now) => {
      await savePasswordAccepted(store.one, uid, customerId, at)
      await saveFactorAccepted(store.one, uid, customerId, ['pwd', 'otp'], at)
    }
    const decide = (decision: Decision, at = now, turn = 0) =>
      commit(store.either(turn), [recordDecision(uid, decision, customerId, at)])

    it('the first stands', async () => {
      await signIn()
      const race = MANY.map((turn) => decide(turn % 2 === 0 ? agreed : refused, now, turn))
      assert.deepEqual(await outcomes(race), onlyOne)
    })

    it('the browser is sent back once', async () => {
      const race = MANY.map((turn) => commit(store.either(turn), [finishInteraction(uid, now)]))
      assert.deepEqual(await outcomes(race), onlyOne)
      await assert.rejects(decide(refused), { code: 'spent' })
    })

    it('nobody agrees who is not signed in with both factors, though anybody may refuse', async () => {
      await assert.rejects(decide(agreed), { code: 'spent' })
      await savePasswordAccepted(store.one, uid, customerId, now)
      await assert.rejects(decide(agreed), { code: 'spent' })
      await decide(refused)
    })

    it('nobody agrees after five idle minutes, and the page would show them signed out', async () => {
      await signIn()
      await assert.rejects(decide(agreed, later(301)), { code: 'spent' })
      const found = await findInteraction(store.other, uid, later(301))
      assert.equal(found?.signedOut, true)
      assert.equal(found?.customerId, undefined)
      await decide(agreed, later(299))
    })

    it('nobody decides after half an hour, and another password forgets the second factor', async () => {
      await assert.rejects(decide(refused, later(1_801)), { code: 'spent' })
      await signIn()
      await savePasswordAccepted(store.one, uid, (await addCustomer(store.one)).id, now)
      assert.equal((await findInteraction(store.one, uid, now))?.authenticatedAt, undefined)
      await assert.rejects(decide(agreed), { code: 'spent' })
    })

    it("the second factor of another customer than the password's counts for nothing", async () => {
      await savePasswordAccepted(store.one, uid, customerId, now)
      await saveFactorAccepted(store.one, uid, (await addCustomer(store.one)).id, ['pwd', 'otp'], now)
      assert.equal((await findInteraction(store.one, uid, now))?.authenticatedAt, undefined)
    })
  })
})
