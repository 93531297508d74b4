import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { generate } from 'otplib'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { LOCK_SECONDS, MAX_FAILED_ATTEMPTS } from '../../src/domain/customer.ts'
import { openPasswordHasher, type PasswordHasher } from '../../src/sca/password-hasher.ts'
import type { Credentials } from '../../src/sca/ports.ts'
import { attemptKey, openSignIn } from '../../src/sca/sign-in.ts'
import { newTotpSecret, otpauthUri, stepOfCode } from '../../src/sca/totp.ts'
import { memoryCredentials } from './memory-credentials.ts'

const hasher = openPasswordHasher()
const start = new Date('2026-11-22T15:04:00Z')
const password = 'correct horse battery'

async function world({ blocked = false } = {}) {
  let now = start
  const audit: AuditEvent[] = []
  const alice: Credentials = {
    customer: { id: 'c-alice', customerNumber: '1234567890', bankCustomerId: 'b-1', name: 'Alice' },
    passwordHash: await hasher.hash(password),
    totpSecret: newTotpSecret(),
    blocked,
  }
  const counted = counting(hasher)
  const credentials = memoryCredentials([alice])
  const signIn = openSignIn({
    credentials,
    hasher: counted.hasher,
    now: () => now,
    attemptSecret: randomBytes(32),
    audit: async (event) => void audit.push(event),
  })
  const pass = (seconds: number) => {
    now = new Date(now.getTime() + seconds * 1000)
  }
  const codeAt = (at: Date) => generate({ secret: alice.totpSecret, epoch: at.getTime() / 1000 })
  return { signIn, alice, audit, pass, code: () => codeAt(now), codeAt, now: () => now, counted, credentials }
}

function counting(inner: PasswordHasher) {
  const counts = { verified: 0, decoys: 0 }
  const hasher: PasswordHasher = {
    hash: inner.hash,
    verify: (hash, typed) => {
      counts.verified += 1
      return inner.verify(hash, typed)
    },
    decoy: (typed) => {
      counts.decoys += 1
      return inner.decoy(typed)
    },
  }
  return { hasher, counts }
}

describe('signing in with password and code', () => {
  it('lets a customer in who has both, and says so in the audit trail', async () => {
    const { signIn, alice, audit, code } = await world()
    assert.equal((await signIn.password(' 1234567890 ', password)).outcome, 'accepted')
    const result = await signIn.code(alice.customer.id, await code())
    assert.deepEqual(result, { outcome: 'accepted', customer: alice.customer })
    assert.deepEqual(
      audit.map(({ type, customerId }) => [type, customerId]),
      [['customer.authenticated', 'c-alice']],
    )
  })

  it('takes a code with spaces and dashes in it', async () => {
    const { signIn, alice, code } = await world()
    const digits = await code()
    const result = await signIn.code(alice.customer.id, ` ${digits.slice(0, 3)}-${digits.slice(3)} `)
    assert.equal(result.outcome, 'accepted')
  })

  it('takes the code of the step before and after, and none further away', async () => {
    for (const [seconds, outcome] of [
      [-30, 'accepted'],
      [30, 'accepted'],
      [-61, 'refused'],
      [61, 'refused'],
    ] as const) {
      const { signIn, alice, codeAt } = await world()
      const code = await codeAt(new Date(start.getTime() + seconds * 1000))
      assert.equal((await signIn.code(alice.customer.id, code)).outcome, outcome, `${seconds} s`)
    }
  })

  it('accepts a code once, however many ask at once', async () => {
    const { signIn, alice, code } = await world()
    const digits = await code()
    const all = await Promise.all(Array.from({ length: 5 }, () => signIn.code(alice.customer.id, digits)))
    assert.equal(all.filter(({ outcome }) => outcome === 'accepted').length, 1)
  })

  it('refuses what is not six digits without an error', async () => {
    const { signIn, alice } = await world()
    for (const code of ['', '12345', '1234567', 'abcdef', '１２３４５６'])
      assert.notEqual((await signIn.code(alice.customer.id, code)).outcome, 'accepted')
  })

  it('knows a password typed in another Unicode form', async () => {
    const phc = await hasher.hash('caf\u00e9')
    assert.equal(await hasher.verify(phc, 'cafe\u0301'), true)
    assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })
})

describe('failing to sign in', () => {
  it('counts down and locks at the fifth failure in a row', async () => {
    const { signIn, audit } = await world()
    const answers = []
    for (let n = 0; n < MAX_FAILED_ATTEMPTS; n += 1)
      answers.push(await signIn.password('1234567890', 'wrong'))
    assert.deepEqual(
      answers.map((answer) => (answer.outcome === 'refused' ? answer.triesLeft : answer.outcome)),
      [4, 3, 2, 1, 'locked'],
    )
    const locked = await signIn.password('1234567890', password)
    assert.deepEqual(locked, { outcome: 'locked', until: new Date(start.getTime() + LOCK_SECONDS * 1000) })
    assert.equal(audit.at(-1)?.type, 'customer.locked')
  })

  it('opens again when the lock has ended, with all tries', async () => {
    const { signIn, pass } = await world()
    for (let n = 0; n < MAX_FAILED_ATTEMPTS; n += 1) await signIn.password('1234567890', 'wrong')
    pass(LOCK_SECONDS + 1)
    assert.deepEqual(await signIn.password('1234567890', 'wrong'), { outcome: 'refused', triesLeft: 4 })
    assert.equal((await signIn.password('1234567890', password)).outcome, 'accepted')
  })

  it('counts wrong codes and wrong passwords together', async () => {
    const { signIn, alice } = await world()
    await signIn.password('1234567890', 'wrong')
    await signIn.password('1234567890', 'wrong')
    await signIn.code(alice.customer.id, '000000')
    assert.deepEqual(await signIn.code(alice.customer.id, '000000'), { outcome: 'refused', triesLeft: 1 })
    assert.equal((await signIn.code(alice.customer.id, '000000')).outcome, 'locked')
  })

  it('does not forgive wrong codes for a right password', async () => {
    const { signIn, alice } = await world()
    for (let n = 0; n < MAX_FAILED_ATTEMPTS; n += 1) {
      assert.equal((await signIn.password('1234567890', password)).outcome, 'accepted')
      await signIn.code(alice.customer.id, '000000')
    }
    assert.equal((await signIn.password('1234567890', password)).outcome, 'locked')
  })

  it('does not use up tries for right passwords', async () => {
    const { signIn, alice, code } = await world()
    for (let n = 0; n < MAX_FAILED_ATTEMPTS - 1; n += 1) await signIn.password('1234567890', 'wrong')
    assert.equal((await signIn.password('1234567890', password)).outcome, 'accepted')
    assert.equal((await signIn.code(alice.customer.id, await code())).outcome, 'accepted')
  })

  it('forgets failures after a full sign-in', async () => {
    const { signIn, alice, code } = await world()
    await signIn.password('1234567890', 'wrong')
    await signIn.code(alice.customer.id, await code())
    assert.deepEqual(await signIn.password('1234567890', 'wrong'), { outcome: 'refused', triesLeft: 4 })
  })

  it('verifies no more than five of a hundred passwords that come at once', async () => {
    const { signIn, counted } = await world()
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, n) => signIn.password('1234567890', `${n}`)),
    )
    assert.equal(counted.counts.verified, MAX_FAILED_ATTEMPTS)
    assert.equal(all.filter(({ outcome }) => outcome === 'accepted').length, 0)
    assert.equal(counted.counts.decoys, 95)
  })

  it('answers an unknown, a barred and a known customer alike, and works as hard for each', async () => {
    const { signIn, counted } = await world({ blocked: true })
    const barred = await signIn.password('1234567890', password)
    const unknown = await signIn.password('9999999999', password)
    const { signIn: other } = await world()
    const known = await other.password('1234567890', 'wrong')
    assert.deepEqual(barred, known)
    assert.deepEqual(unknown, known)
    assert.deepEqual(counted.counts, { verified: 1, decoys: 1 })
  })

  it('locks a number that nobody has like any other', async () => {
    const { signIn, audit } = await world()
    for (let n = 0; n < MAX_FAILED_ATTEMPTS; n += 1) await signIn.password('9999999999', 'wrong')
    assert.equal((await signIn.password('9999999999', 'wrong')).outcome, 'locked')
    assert.deepEqual(audit, [])
  })

  it('does not let another spelling of the number count anew', async () => {
    const secret = randomBytes(32)
    assert.deepEqual(attemptKey(secret, 'ALICE'), attemptKey(secret, 'alice'))
    assert.notDeepEqual(attemptKey(secret, 'alice'), attemptKey(randomBytes(32), 'alice'))
  })

  it('tells the rest to come back when too many sign in at once', async () => {
    const small = openPasswordHasher({ atOnce: 1, mayWait: 1 })
    const all = await Promise.allSettled([
      small.decoy('a'),
      small.decoy('b'),
      small.decoy('c'),
      small.decoy('d'),
    ])
    assert.deepEqual(
      all.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
    )
    assert.equal(await small.decoy('later'), false)
  })
})

describe('setting up a code', () => {
  it('makes a secret that authenticator apps read', async () => {
    const totpSecret = newTotpSecret()
    assert.match(totpSecret, /^[A-Z2-7]{32}$/)
    const uri = new URL(otpauthUri({ bankName: 'Meridian Bank', customerNumber: '1234567890', totpSecret }))
    assert.equal(uri.protocol, 'otpauth:')
    assert.equal(uri.searchParams.get('secret'), totpSecret)
    assert.equal(uri.searchParams.get('issuer'), 'Meridian Bank')
    const code = await generate({ secret: totpSecret, epoch: start.getTime() / 1000 })
    assert.equal(await stepOfCode(totpSecret, code, start), Math.floor(start.getTime() / 30_000))
  })
})
