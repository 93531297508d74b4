import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts'
import { Browser } from '../support/browser.ts'
import { Customer } from '../support/customer.ts'
import { ThirdParty } from '../support/third-party.ts'
import { openTransport, type Transport } from '../support/transport.ts'

interface Running {
  readonly issuer: string
  readonly directory: string
  readonly gateway: string
  readonly customers: string
  readonly caFile: string
  readonly databaseUrl: string
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

describe('the demo is killed and started again', () => {
  let folder: string
  let demo: ChildProcess | undefined
  let transport: Transport
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postern-killed-'))
    // As root, Postgres runs as another user, which has to get to its data.
    await chmod(folder, 0o755)
  })
  after(async () => {
    transport?.close()
    await end('SIGTERM')
    // Whatever the test came to: no server is left behind.
    const postgres = await startEmbeddedPostgres(join(folder, '.postern', 'demo', 'postgres'))
    await postgres.stop()
    await postgres.remove()
    await rm(folder, { recursive: true, force: true })
  })

  async function start(): Promise<Running> {
    const child = spawn(process.execPath, [main, 'demo'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '' },
    })
    demo = child
    const complaints: string[] = []
    createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`the demo ended: ${complaints.join('\n')}`)))
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line.includes('Ready in')) resolve()
      })
    })
    return JSON.parse(await readFile(join(folder, '.postern', 'demo', 'running.json'), 'utf8'))
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const ending = demo
    demo = undefined
    if (ending === undefined || ending.exitCode !== null) return ending?.exitCode ?? null
    const ended = once(ending, 'exit')
    ending.kill(signal)
    // Node's own promise: the exit code comes first.
    const [code] = (await ended) as [number | null]
    return code
  }

  it('and goes on where it was: ports, customers, tokens, audit trail', async () => {
    const first = await start()
    transport = openTransport({ ca: await readFile(first.caFile, 'utf8') })
    const { issuer, directory, gateway } = first
    const acme = await ThirdParty.register({ transport, issuer, directory, gateway })
    const customer = await Customer.fresh(transport, first.customers)
    const asked = await acme.ask()
    const tokens = await acme.collect(await customer.authorise(new Browser({ transport }), asked.url), asked)
    const before = await trail(first.databaseUrl)
    await end('SIGKILL')

    const second = await start()
    assert.deepEqual([second.issuer, second.gateway], [first.issuer, first.gateway])
    assert.deepEqual((await trail(second.databaseUrl)).slice(0, before.length), before)
    assert.equal((await acme.resource('/accounts', tokens.accessToken)).status, 200)
    const renewed = await acme.renew(tokens.refreshToken ?? '')
    assert.equal((await acme.resource('/accounts', renewed.accessToken)).status, 200)
    const list = await customer.openConnections(new Browser({ transport }), issuer)
    assert.match(list.text, /Acme Budget/)
  })

  it('and stops in order when it is asked to', async () => {
    assert.equal(await end('SIGTERM'), 0)
    await assert.rejects(readFile(join(folder, '.postern', 'demo', 'running.json')))
  })
})

async function trail(databaseUrl: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  const { rows } = await client.query<{ leaf: string }>(
    "select encode(leaf, 'hex') as leaf from audit_event order by id",
  )
  await client.end()
  return rows.map(({ leaf }) => leaf)
}
