import assert from 'node:assert/strict'
import { batched } from '../../src/store/batched.ts'

/** A store whose answers the test releases one by one. */
function slowStore(limits: { size: number; queries: number }) {
  let version = 0
  const sent: { readonly keys: readonly string[]; readonly release: (fault?: Error) => void }[] = []
  const ask = batched((keys: readonly string[]) => {
    // What the database would see at the moment it is asked.
    const seen = version
    return new Promise<readonly string[]>((resolve, reject) => {
      const release = (fault?: Error) =>
        fault ? reject(fault) : resolve(keys.map((key) => `${key}@${seen}`))
      sent.push({ keys, release })
    })
  }, limits)
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  return { ask, sent, turn, change: () => (version += 1) }
}

describe('questions that share a query (DESIGN §7.2)', () => {
  it('share one that has not been sent, and are told each its own answer', async () => {
    const { ask, sent, turn } = slowStore({ size: 10, queries: 1 })
    const answers = [ask('a'), ask('b'), ask('a')]
    await turn()
    assert.deepEqual(
      sent.map(({ keys }) => keys),
      [['a', 'b', 'a']],
    )
    sent[0]?.release()
    assert.deepEqual(await Promise.all(answers), ['a@0', 'b@0', 'a@0'])
  })

  it('never share one that is under way: no answer is older than its question', async () => {
    const { ask, sent, turn, change } = slowStore({ size: 10, queries: 2 })
    const early = ask('token')
    await turn()
    change()
    const late = ask('token')
    await turn()
    for (const { release } of sent) release()
    assert.equal(await early, 'token@0')
    assert.equal(await late, 'token@1')
  })

  it('wait while as many queries as allowed are under way, and then ask what is true by then', async () => {
    const { ask, sent, turn, change } = slowStore({ size: 10, queries: 1 })
    const first = ask('a')
    await turn()
    const second = ask('a')
    await turn()
    assert.equal(sent.length, 1)
    change()
    sent[0]?.release()
    await first
    await turn()
    sent[1]?.release()
    assert.equal(await second, 'a@1')
  })

  it('come in batches of the allowed size, in order, and none is lost', async () => {
    const { ask, sent, turn } = slowStore({ size: 3, queries: 1 })
    const answers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((key) => ask(key))
    for (const at of [0, 1, 2]) {
      await turn()
      assert.equal(sent.length, at + 1)
      sent[at]?.release()
      await turn()
    }
    assert.deepEqual(await Promise.all(answers), ['a@0', 'b@0', 'c@0', 'd@0', 'e@0', 'f@0', 'g@0'])
  })

  it('fail together when their query fails, and the next ones are asked anew', async () => {
    const { ask, sent, turn } = slowStore({ size: 10, queries: 1 })
    const lost = [ask('a'), ask('b')]
    await turn()
    sent[0]?.release(new Error('away'))
    assert.deepEqual(
      (await Promise.allSettled(lost)).map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    const next = ask('a')
    await turn()
    sent[1]?.release()
    assert.equal(await next, 'a@0')
  })
})
