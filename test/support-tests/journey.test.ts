import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openTestAuthority, type TestAuthority } from '../support/pki.ts'
import { openTestDirectory, type TestDirectory } from '../support/test-directory.ts'
import { variants } from '../support/variant.ts'
import { openBareEngine } from './bare-engine.ts'
import { type Lie, standInBank } from './stand-in-bank.ts'

const lies: Readonly<Record<Lie, RegExp>> = {
  'shows all accounts': /GET \/accounts: expected acc-1, acc-2, received acc-1, acc-2, acc-3/,
  'grants all accounts': /granted authorization_details: expected acc-1, acc-2, received/,
  'gives an account not shared': /acc-3\/balances: expected 403, received 200/,
  'tells unknown from foreign': /expected the words for an unknown one/,
  'forgets the interaction id': /expected x-fapi-interaction-id/,
  'goes on giving data': /\/accounts: expected 401 invalid_token, received 200/,
  'goes on refreshing': /\/token: expected 400 invalid_grant, received 200/,
  'shows no connection': /connected apps: expected the name Acme Budget/,
  'has no transactions': /expected some transactions, received none/,
}

describe('npm run journey', () => {
  let authority: TestAuthority
  let directory: TestDirectory
  let folder: string
  let ca: string

  before(async () => {
    authority = await openTestAuthority()
    directory = await openTestDirectory({ authority })
    folder = await mkdtemp(path.join(tmpdir(), 'postern-journey-'))
    ca = path.join(folder, 'ca.pem')
    await writeFile(ca, authority.certificate)
  })

  after(async () => {
    await directory.close()
    await rm(folder, { recursive: true })
  })

  async function against(lie: Lie | undefined, ...args: readonly string[]) {
    const bank = await openBareEngine(authority, (provider) => standInBank(provider, lie))
    const urls = ['--issuer', bank.issuer, '--directory', directory.url, '--customers', bank.issuer]
    try {
      return await run([...urls, '--gateway', `${bank.issuer}/api`, '--ca', ca, ...args], folder)
    } finally {
      await bank.close()
    }
  }

  for (const variant of variants)
    it(`ends with 0 at an honest bank, by ${variant}`, async () => {
      const { code, output } = await against(undefined, '--variant', variant)
      assert.equal(code, 0, output)
      assert.match(output, /All 17 steps as they should be/)
    })

  it('prints one JSON document when asked, with every step', async () => {
    const { code, output } = await against(undefined, '--json', '--alg', 'ES256')
    const told = JSON.parse(output)
    assert.equal(code, 0)
    assert.equal(told.ok, true)
    assert.equal(told.steps.length, 17)
  })

  it('shows no token, code or statement whole', async () => {
    const { output } = await against(undefined)
    const secrets = output.replace(/^ *client_id .*$/m, '')
    assert.doesNotMatch(secrets, /[A-Za-z0-9_-]{30,}/)
  })

  for (const [lie, sentence] of Object.entries(lies))
    it(`ends with 1 and one sentence at a bank that ${lie}`, async () => {
      // The keys of `lies` are lies.
      const { code, output } = await against(lie as Lie, '--alg', 'ES256')
      assert.equal(code, 1, output)
      assert.match(output.trim().split('\n').at(-1) ?? '', sentence)
    })

  it('ends with 2 and a sentence when it is not told where to go', async () => {
    const nowhere = await run([], folder)
    assert.deepEqual([nowhere.code, /--issuer URL is missing/.test(nowhere.output)], [2, true])
    const wrong = await run(['--variant', 'magic'], folder)
    assert.deepEqual([wrong.code, /--variant must be/.test(wrong.output)], [2, true])
    assert.equal((await run(['--help'], folder)).code, 0)
  })
})

const script = path.join(import.meta.dirname, '../support/journey.ts')

function run(args: readonly string[], cwd: string): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [script, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += String(chunk)
    })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}
