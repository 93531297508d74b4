import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'

describe('the Postgres that Postern brings along', () => {
  let folder: string
  let running: EmbeddedPostgres | undefined
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-embedded-'))
    await chmod(folder, 0o755)
    running = await startEmbeddedPostgres(folder)
    await ask(running, 'create table kept (what text)')
    await ask(running, "insert into kept values ('before')")
  })
  after(async () => {
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('left running by a killed process is stopped first, and what was committed is there', async () => {
    const old = running ?? assert.fail()
    running = await startEmbeddedPostgres(folder)
    assert.deepEqual(await ask(running, 'select what from kept'), [{ what: 'before' }])
    if (new URL(old.url).port !== new URL(running.url).port) await assert.rejects(ask(old, 'select 1'))
  })

  it('killed itself recovers by itself', async () => {
    const { url } = running ?? assert.fail()
    await ask({ url }, "insert into kept values ('just before')")
    const [row] = await ask({ url }, "select current_setting('data_directory') as data")
    const data = String((row as { data: string }).data)
    const [pid] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    process.kill(Number(pid), 'SIGKILL')
    await eventually(() => !isAlive(Number(pid)))
    running = await startEmbeddedPostgres(folder)
    assert.equal((await ask(running, 'select 1 from kept')).length, 2)
  })

  it('listens on loopback alone, asks for a password, and keeps that from other users', async () => {
    const { url } = running ?? assert.fail()
    const [row] = await ask(
      { url },
      "select current_setting('listen_addresses') as at, current_setting('data_directory') as data",
    )
    const { at, data } = row as { at: string; data: string }
    assert.equal(at, '127.0.0.1')
    const guess = new URL(url)
    guess.password = 'postern'
    await assert.rejects(ask({ url: guess.href }, 'select 1'), { code: '28P01' })
    assert.equal((await stat(`${data}.password`)).mode & 0o077, 0)
    assert.equal((await stat(data)).mode & 0o077, 0)
    assert.ok(new URL(url).password.length >= 32)
  })

  it('writes no statement parameters into its log: they may be secrets', async () => {
    const { url } = running ?? assert.fail()
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    await client.query('set log_min_duration_statement = 0').catch(() => undefined)
    await client.query('select $1::text', ['canary-of-the-log'])
    await client.query('select $1::int', ['canary-of-the-log']).catch(() => undefined)
    await client.end()
    const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'))
    for (const name of logs)
      assert.doesNotMatch(readFileSync(join(folder, name), 'utf8'), /parameters:.*canary|\$1 = 'canary/)
  })
})

async function ask({ url }: { readonly url: string }, text: string): Promise<readonly object[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function eventually(check: () => boolean): Promise<void> {
  for (let round = 0; round < 400 && !check(); round += 1)
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(check())
}
