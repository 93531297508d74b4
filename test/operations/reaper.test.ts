import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReaper, type Reaped, type ReaperTask } from '../../src/operations/reaper.ts'

const NOW = new Date('2026-06-01T10:00:00Z')

function open(tasks: readonly ReaperTask[], everyMs = 1_000_000) {
  const seen: Reaped[] = []
  return {
    seen,
    reaper: openReaper({ tasks, everyMs, now: () => NOW, observe: (of) => seen.push(of), batch: 10 }),
  }
}

/** A table of that many rows past their time. */
function table(name: string, rows: number) {
  const state = { rows, batches: [] as number[] }
  const task: ReaperTask = {
    table: name,
    reap: async (now, limit) => {
      assert.equal(now, NOW)
      const deleted = Math.min(limit, state.rows)
      state.rows -= deleted
      state.batches.push(deleted)
      return deleted
    },
  }
  return { state, task }
}

describe('the reaper', () => {
  it('deletes in small batches until nothing is left', async () => {
    const { state, task } = table('token', 25)
    const { reaper, seen } = open([task])
    await reaper.run()
    assert.deepEqual(state, { rows: 0, batches: [10, 10, 5] })
    assert.deepEqual(seen, [{ table: 'token', rows: 25 }])
  })

  it('leaves the rest of a backlog to the next round, so that other tables get their turn', async () => {
    const [large, small] = [table('token', 5000), table('one_time', 3)]
    const { reaper, seen } = open([large.task, small.task])
    await reaper.run()
    assert.deepEqual(seen, [
      { table: 'token', rows: 1000 },
      { table: 'one_time', rows: 3 },
    ])
    await reaper.run()
    assert.equal(large.state.rows, 3000)
  })

  it('goes on with the other tables when one fails', async () => {
    const error = new Error('deadlock')
    const { task } = table('one_time', 3)
    const { reaper, seen } = open([{ table: 'token', reap: () => Promise.reject(error) }, task])
    await reaper.run()
    assert.deepEqual(seen, [
      { table: 'token', rows: 0, error },
      { table: 'one_time', rows: 3 },
    ])
  })

  it('never overlaps with itself', async () => {
    let inside = 0
    let most = 0
    const reap = async () => {
      inside += 1
      most = Math.max(most, inside)
      await sleep(15)
      inside -= 1
      return 0
    }
    const { reaper, seen } = open([{ table: 'token', reap }], 2)
    reaper.start()
    reaper.start()
    await Promise.all([reaper.run(), reaper.run(), sleep(100)])
    await reaper.stop()
    assert.equal(most, 1)
    assert(seen.length > 2 && seen.length < 10, `${seen.length} rounds`)
  })

  it('comes to an end when it is told to, after the batch that it is at', async () => {
    const { state, task } = table('token', 500)
    const { reaper } = open([
      { ...task, reap: async (now, limit) => sleep(5).then(() => task.reap(now, limit)) },
    ])
    const running = reaper.run()
    await sleep(12)
    await reaper.stop()
    const { rows } = state
    assert(rows > 0 && rows < 500)
    await running
    await sleep(20)
    assert.equal(state.rows, rows)
  })

  it('does not keep a process alive', async () => {
    const { reaper } = open([])
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    reaper.start()
    assert.equal(timers(), before)
    await reaper.stop()
  })
})
