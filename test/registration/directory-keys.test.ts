import assert from 'node:assert/strict'
import type { Json } from '../../src/domain/third-party.ts'
import { openDirectoryKeys } from '../../src/registration/directory-keys.ts'

const A = { kty: 'EC', kid: 'a' }
const B = { kty: 'EC', kid: 'b' }

function open(answers: (Json | Error)[]) {
  const state = { now: Date.parse('2026-06-01T10:00:00Z'), asked: 0, answers }
  const keys = openDirectoryKeys({
    jwksUrl: 'https://directory.example/jwks',
    now: () => new Date(state.now),
    fetch: {
      json: async () => {
        state.asked += 1
        const answer = state.answers.length > 1 ? state.answers.shift() : state.answers[0]
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error('down')
        return answer
      },
    },
  })
  return { state, keys }
}

describe("a directory's keys", () => {
  it('are asked for once, however many need them at once', async () => {
    const { keys, state } = open([{ keys: [A] }])
    const found = await Promise.all(Array.from({ length: 20 }, () => keys.find('a')))
    assert.deepEqual(new Set(found), new Set([A]))
    assert.equal(state.asked, 1)
  })

  it('are forgotten after five minutes: a key that the directory removed is dead then', async () => {
    const { keys, state } = open([{ keys: [A] }, { keys: [B] }])
    assert.deepEqual(await keys.find('a'), A)
    state.now += 5 * 60_000
    assert.deepEqual(await keys.find('a'), A)
    state.now += 1
    assert.equal(await keys.find('a'), undefined)
    assert.deepEqual(await keys.find('b'), B)
    assert.equal(state.asked, 2)
  })

  it('are asked for again when a new name turns up, once a minute at most', async () => {
    const { keys, state } = open([{ keys: [A] }, { keys: [A, B] }])
    await keys.find('a')
    assert.equal(await keys.find('b'), undefined)
    assert.equal(state.asked, 1)
    state.now += 60_000
    assert.deepEqual(await keys.find('b'), B)
    for (let i = 0; i < 1000; i += 1) assert.equal(await keys.find(`unknown-${i}`), undefined)
    assert.equal(state.asked, 2)
  })

  it('serve on while the directory is down, for a day', async () => {
    const { keys, state } = open([{ keys: [A] }, new Error('down')])
    await keys.find('a')
    state.now += 60 * 60_000
    assert.deepEqual(await keys.find('a'), A)
    assert.deepEqual(await keys.find('a'), A)
    assert.equal(state.asked, 2)
    state.now += 24 * 60 * 60_000
    await assert.rejects(keys.find('a'), { code: 'unavailable' })
  })

  it('are unavailable when the directory was never heard, and there as soon as it speaks', async () => {
    const { keys } = open([new Error('down'), { keys: 'nonsense' }, [], { keys: [A, null, { kid: 1 }, 'x'] }])
    for (let i = 0; i < 3; i += 1) await assert.rejects(keys.find('a'), { code: 'unavailable' })
    assert.deepEqual(await keys.find('a'), A)
  })

  it('are not replaced by nonsense', async () => {
    const { keys, state } = open([{ keys: [A] }, { error: 'x' }])
    await keys.find('a')
    state.now += 10 * 60_000
    assert.deepEqual(await keys.find('a'), A)
  })
})
