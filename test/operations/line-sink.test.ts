import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLineSink } from '../../src/operations/line-sink.ts'

describe('the line sink', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'postern-sink-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('writes every line, in order', async () => {
    const file = join(folder, 'lines')
    const fd = openSync(file, 'w')
    const sink = openLineSink({ fd })
    const lines = Array.from({ length: 5000 }, (_, i) => `line ${i} ä`)
    for (const line of lines) sink.write(line)
    await sink.flush(5000)
    closeSync(fd)
    assert.equal(readFileSync(file, 'utf8'), `${lines.join('\n')}\n`)
    assert.equal(sink.dropped(), 0)
  })

  it('goes on where a short write or a full pipe stopped it', async () => {
    let taken = ''
    let turn = 0
    const sink = openLineSink({
      fd: 1,
      write: (_, bytes, done) => {
        turn += 1
        const full = turn % 3 === 0
        if (!full) taken += bytes.subarray(0, 7).toString('utf8')
        setImmediate(() =>
          full
            ? done(Object.assign(new Error('full'), { code: 'EAGAIN' }), 0)
            : done(null, Math.min(7, bytes.length)),
        )
      },
    })
    for (const line of ['one line', 'another line', 'the last line']) sink.write(line)
    await sink.flush(5000)
    assert.equal(taken, 'one line\nanother line\nthe last line\n')
  })

  it('drops and counts what does not fit, and takes lines again when there is room', async () => {
    let release: (() => void) | undefined
    let taken = 0
    const sink = openLineSink({
      fd: 1,
      maxBytes: 100,
      write: (_, bytes, done) => {
        release = () => {
          taken += bytes.length
          done(null, bytes.length)
        }
      },
    })
    for (let i = 0; i < 50; i += 1) sink.write('nine char')
    assert.equal(sink.dropped(), 40)
    const flushed = sink.flush(5000)
    release?.()
    release?.()
    await flushed
    assert.equal(taken, 100)
    sink.write('nine char')
    assert.equal(sink.dropped(), 40)
  })

  it('counts the lines that a gone reader cost, and does not throw', async () => {
    const sink = openLineSink({
      fd: 1,
      write: (_fd, _bytes, done) =>
        setImmediate(() => done(Object.assign(new Error('gone'), { code: 'EPIPE' }), 0)),
    })
    sink.write('a')
    sink.write('b')
    await sink.flush(1000)
    assert.equal(sink.dropped(), 2)
  })

  it('waits for a stuck reader no longer than it is told', async () => {
    const sink = openLineSink({ fd: 1, write: () => {} })
    sink.write('a')
    const started = performance.now()
    await sink.flush(50)
    assert(performance.now() - started < 1000)
  })

  it('leaves a process alive whose standard output nobody reads', async () => {
    const source = `
      import { openLineSink } from ${JSON.stringify(new URL('../../src/operations/line-sink.ts', import.meta.url).href)}
      const sink = openLineSink({ fd: 1 })
      for (let i = 0; i < 100_000; i += 1) sink.write('x'.repeat(100))
      setTimeout(() => { process.stderr.write('alive, dropped ' + sink.dropped()); }, 100)
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 300)
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    // Standard output stays unread, so that the pipe fills.
    await once(child, 'exit')
    assert.match(said, /alive, dropped \d{4,}/)
  })
})
