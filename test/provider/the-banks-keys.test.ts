import assert from 'node:assert/strict'
import { randomBytes, verify } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Problem } from '../../src/domain/problem.ts'
import type { SigningKey } from '../../src/domain/signing-key.ts'
import { generateLocalKeys, openLocalKeys } from '../../src/keys/local-keys.ts'
import { agreed } from '../conformance/agreed.ts'
import { expectStatus } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'

describe('the keys that sign for the bank', () => {
  let folder: string
  let keys: readonly SigningKey[]
  let house: House
  let broken = 0
  let signatures = 0
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-keys-'))
    await generateLocalKeys(join(folder, 'keys.pem'))
    keys = await openLocalKeys(join(folder, 'keys.pem'))
    const failing = keys.map((key) => ({
      ...key,
      sign: async (data: Uint8Array) => {
        signatures += 1
        if (broken > 0) {
          broken -= 1
          throw new Problem('unavailable', 'The key is away.')
        }
        return key.sign(data)
      },
    }))
    house = await openHouse({ overrides: { keys: failing } })
  })
  after(async () => {
    await house.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('sign with a fresh salt each time (PS256) and raw r and s (ES256), as the published halves verify', async () => {
    const data = randomBytes(100)
    for (const key of keys) {
      const [one, two] = [await key.sign(data), await key.sign(data)]
      assert.notDeepEqual(one, two)
      const how =
        key.alg === 'PS256'
          ? { key: key.publicKey, padding: 6, saltLength: 32 }
          : { key: key.publicKey, dsaEncoding: 'ieee-p1363' as const }
      for (const signature of [one, two]) assert.ok(verify('sha256', data, how, signature), key.alg)
      if (key.alg === 'ES256') assert.equal(one.length, 64)
    }
  })

  it('are named by the thumbprint of what everybody can read (RFC 7638)', async () => {
    const published = (await house.transport.send({ url: `${house.issuer}/jwks` })).json().keys as {
      kid: string
    }[]
    assert.deepEqual(published.map(({ kid }) => kid).sort(), keys.map(({ kid }) => kid).sort())
  })

  it('are needed for no answer that is not signed', async () => {
    const acme = await house.register()
    const before = signatures
    await acme.ask()
    expectStatus(await acme.revoke('x'), 200)
    expectStatus(await house.transport.send({ url: `${house.issuer}/jwks` }), 200)
    assert.equal(signatures, before)
  })

  it('may be away for a moment: 503 with Retry-After, nothing is spent, and the honest retry succeeds', async () => {
    const acme = await house.register()
    const { asked, code } = await agreed(house, await acme.ask())
    broken = 1
    const failed = await acme.exchange(code, asked)
    assert.equal(failed.status, 503)
    assert.match(String(failed.headers['retry-after']), /^[1-9]\d*$/)
    assert.equal(failed.headers['cache-control'], 'no-store')
    assert.doesNotMatch(failed.body, /key|away|stack/i)
    await acme.accept(await acme.exchange(code, asked), asked)
  })

  it('in a file that is none, or empty, stop the start in a sentence', async () => {
    await writeFile(join(folder, 'empty.pem'), '')
    for (const name of ['absent.pem', 'empty.pem'])
      await assert.rejects(openLocalKeys(join(folder, name)), { code: 'unavailable' })
    await assert.rejects(generateLocalKeys(join(folder, 'keys.pem')), { code: 'EEXIST' })
  })
})
