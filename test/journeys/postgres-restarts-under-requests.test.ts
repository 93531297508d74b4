import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import type { Answer } from '../support/transport.ts'
import { consentState, type Shared, share } from './shared.ts'

describe('Postgres is restarted under requests', () => {
  let folder: string
  let server: EmbeddedPostgres
  let house: House
  let acme: ThirdParty
  let shared: Shared
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-restart-'))
    // As root, Postgres runs as another user, which has to get to its data.
    await chmod(folder, 0o755)
    server = await startEmbeddedPostgres(folder)
    await migrate(server.url)
    house = await openHouse({ processes: 1, databaseUrl: server.url })
    acme = await house.register()
    shared = await share(house, acme)
  })
  after(async () => {
    await house?.close()
    await server?.stop()
    await server?.remove()
    await rm(folder, { recursive: true, force: true })
  })

  /** What `pg_ctl restart -m immediate` does: SIGQUIT, no goodbye, and recovery at the next start on the same port. */
  async function restart(): Promise<void> {
    const client = new pg.Client({ connectionString: server.url })
    client.on('error', () => undefined)
    await client.connect()
    const { rows } = await client.query<{ pid: number }>(
      "select (string_to_array(pg_read_file('postmaster.pid'), E'\\n'))[1]::int as pid",
    )
    const pid = rows[0]?.pid ?? 0
    const gone = new Promise((resolve) => client.once('end', resolve))
    process.kill(pid, 'SIGQUIT')
    await gone
    await waitFor(async () => !isAlive(pid))
    server = await startEmbeddedPostgres(folder, { port: Number(new URL(server.url).port) })
  }

  it('answers are prompt and honest meanwhile, good again within seconds, and the process lives on', async () => {
    const pid = house.processes[0]?.pid()
    const answers: Answer[] = []
    const asking = { on: true }
    const loops = [
      () => acme.resource('/accounts', shared.accessToken),
      () => acme.refresh(shared.refreshToken ?? ''),
      () => acme.introspect(shared.accessToken),
      () => house.transport.send({ url: `${house.issuer}/connections` }),
    ].map(async (ask) => {
      while (asking.on) answers.push(await ask())
    })
    await waitFor(async () => answers.length > 20)
    const before = answers.length
    await restart()
    const at = Date.now()
    await waitFor(async () => (await acme.resource('/accounts', shared.accessToken)).status === 200)
    assert.ok(Date.now() - at < 10_000)
    await waitFor(async () => (await acme.refresh(shared.refreshToken ?? '')).status === 200)
    const during = answers.length
    await waitFor(async () => answers.length > during + 20)
    asking.on = false
    await Promise.all(loops)

    const seen = new Set(answers.map(({ status }) => status))
    for (const status of seen)
      assert.ok([200, 303, 503].includes(status), `no other answer than 200, 303, 503: ${[...seen].join()}`)
    assert.ok(
      answers.slice(before).some(({ status }) => status === 503),
      'the fault was noticed',
    )
    for (const { milliseconds } of answers) assert.ok(milliseconds < 10_000)
    const late = answers.slice(-8).map(({ status }) => status)
    assert.ok(!late.includes(503), late.join())
    assert.equal(house.processes[0]?.pid(), pid)
  })

  it('nobody lost anything: tokens, consent and a journey that was under way', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const asked = await acme.ask()
    const page = await customer.arrive(browser, asked.url)
    await restart()
    await waitFor(async () => (await acme.resource('/accounts', shared.accessToken)).status === 200)
    const accounts = page.fields('accounts').map(({ value }) => value)
    const back = await browser.submit(page.form('consent-allow'), { accounts }, 'consent-allow')
    const tokens = await acme.collect(back.callback ?? '', asked)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
  })

  it('and a change is still announced: a suspended third party is refused', async () => {
    await restart()
    await waitFor(async () => (await acme.resource('/accounts', shared.accessToken)).status === 200)
    await house.sql("update third_party set standing = 'suspended' where client_id = $1", [acme.clientId])
    await waitFor(async () => (await acme.refresh(shared.refreshToken ?? '')).status === 401, 2_000)
    assert.equal((await acme.resource('/accounts', shared.accessToken)).status, 401)
    assert.equal((await consentState(house, shared.consentId))?.state, 'authorised')
  })
})

async function waitFor(come: () => Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const end = Date.now() + milliseconds
  while (!(await come())) {
    if (Date.now() > end) throw new Error(`it did not come within ${milliseconds} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
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
