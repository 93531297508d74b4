import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrate } from '../../src/store/migrate.ts'
import { freshDatabase } from '../support/run.ts'

describe('migrations', () => {
  let server: string
  before(async () => {
    server = await freshDatabase()
  })

  async function emptyDatabase(): Promise<string> {
    const name = `empty_${randomBytes(6).toString('hex')}`
    await sql(server, `create database ${name}`)
    return new URL(`/${name}`, server).href
  }

  it('say what they would do, do it once, and have nothing to do then', async () => {
    const url = await emptyDatabase()
    const planned = await migrate(url, { plan: true })
    assert.ok(planned.pending.length > 0)
    assert.deepEqual(await migrate(url, { plan: true }), planned)
    assert.deepEqual(await migrate(url), { applied: planned.pending, pending: [] })
    assert.deepEqual(await migrate(url), { applied: [], pending: [] })
  })

  it('run by eight processes at once are done once', async () => {
    const url = await emptyDatabase()
    const reports = await Promise.all(Array.from({ length: 8 }, () => migrate(url)))
    assert.equal(reports.filter(({ applied }) => applied.length > 0).length, 1)
    assert.deepEqual((await migrate(url, { plan: true })).pending, [])
  })

  it('cut off in the middle leave nothing half done, and the next run finishes', async () => {
    const url = await emptyDatabase()
    // Somebody holds the last thing that the migration writes, so that all of it is under way when it is cut.
    const blocker = await connected(url)
    await blocker.query('create table migration (name text primary key, applied_at timestamptz not null)')
    await blocker.query('begin')
    await blocker.query('lock table migration in share mode')
    const cut = migrate(url).then(
      () => 'done',
      () => 'cut off',
    )
    const cutter = `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into migration%'`
    await eventually(async () => (await sql(url, cutter)).length > 0)
    assert.equal(await cut, 'cut off')
    await blocker.query('rollback')
    await blocker.end()
    assert.deepEqual(await sql(url, 'select * from migration'), [])
    assert.ok((await migrate(url)).applied.length > 0)
  })

  it('that fail are undone whole, and named', async () => {
    const url = await emptyDatabase()
    await sql(url, 'create table outbox (something int)')
    await assert.rejects(migrate(url), { code: 'conflict', message: /0001/ })
    const tables = await sql(url, "select tablename from pg_tables where schemaname = 'public' order by 1")
    assert.deepEqual(tables, [{ tablename: 'migration' }, { tablename: 'outbox' }])
  })

  it('of a newer version are refused in words that say what to do', async () => {
    const url = await freshDatabase()
    await sql(url, "insert into migration values ('9999-of-the-future.sql', now())")
    for (const options of [{}, { plan: true }])
      await assert.rejects(migrate(url, options), {
        code: 'wrong-state',
        message: /newer.*9999-of-the-future/s,
      })
  })

  it('cannot reach a database that is not there, and say so', async () => {
    await assert.rejects(migrate('postgres://postern:x@127.0.0.1:1/postern'), { code: 'unavailable' })
  })
})

async function connected(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

async function sql(url: string, text: string): Promise<readonly object[]> {
  const client = await connected(url)
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let round = 0; round < 200; round += 1) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  assert.fail('it did not come to that')
}
