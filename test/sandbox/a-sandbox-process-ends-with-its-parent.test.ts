import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { startChild } from './child.ts'
import { temporaryFolder } from './temporary-folder.ts'

describe('a sandbox process', () => {
  it('ends cleanly on SIGTERM', async () => {
    const child = await startChild('directory', { STATE_DIR: await temporaryFolder() })
    assert.equal(await child.stop(), 0)
  })

  it('ends when its stdin closes', async () => {
    const child = await startChild('directory', { STATE_DIR: await temporaryFolder() })
    child.process.stdin?.end()
    const [code] = await once(child.process, 'exit')
    assert.equal(code, 0)
  })

  it('ends when its parent is killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', parentProgram], {
      env: { PATH: process.env.PATH, STATE_DIR: await temporaryFolder() },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines = createInterface(parent.stdout)
    const [pid] = await once(lines, 'line')
    assert.equal(isAlive(Number(pid)), true)
    parent.kill('SIGKILL')
    for (let tries = 0; isAlive(Number(pid)) && tries < 100; tries++) await delay(50)
    assert.equal(isAlive(Number(pid)), false)
  })

  it('says everything that is wrong with its environment at once, and exits with 78', async () => {
    const child = spawn(process.execPath, ['src/sandbox/bank/main.ts'], {
      env: { PATH: process.env.PATH, PORT: 'many', TLS_CERT_FILE: '/nowhere' },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = (await child.stderr.toArray()).join('')
    const [code] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode]
    assert.equal(code, 78)
    for (const name of ['PORT', 'TLS_CERT_FILE', 'TLS_KEY_FILE', 'CLIENT_CA_FILE'])
      assert.match(said, new RegExp(name))
  })

  it('says so when its port is taken, and exits with 1', async () => {
    const first = await startChild('directory', { STATE_DIR: await temporaryFolder() })
    const second = spawn(process.execPath, ['src/sandbox/directory/main.ts'], {
      env: { PATH: process.env.PATH, STATE_DIR: await temporaryFolder(), PORT: new URL(first.url).port },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = (await second.stderr.toArray()).join('')
    assert.match(said, /EADDRINUSE/)
    await first.stop()
  })
})

/** A parent that starts a directory, says its pid when it is ready, and waits to be killed. */
const parentProgram = `
import { spawn } from 'node:child_process'
const child = spawn(process.execPath, ['src/sandbox/directory/main.ts'], { stdio: ['pipe', 'pipe', 'inherit'] })
child.stdout.once('data', () => console.log(child.pid))
`

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
