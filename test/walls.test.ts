import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const config = '.dependency-cruiser.cjs'
const { forbidden }: { readonly forbidden: readonly { readonly name: string }[] } = createRequire(
  import.meta.url,
)(join(root, config))

/** One file each that breaks one rule, the way it would be broken by mistake. */
const breaches: Readonly<Record<string, readonly [file: string, source: string]>> = {
  'no-circular': ['src/store/x-circle.ts', "import './x-circular.ts'"],
  'domain-stands-alone': ['src/domain/x-reads.ts', "import 'node:fs'"],
  'profiles-know-only-the-domain': ['src/profiles/x-asks.ts', "import '../store/database.ts'"],
  // A type is knowledge as well.
  'rooms-do-not-know-each-other': [
    'src/pages/x-neighbour.ts',
    "import type { Database } from '../store/database.ts'\nexport type Mine = Database",
  ],
  'only-the-root-joins': ['src/keys/x-climbs.ts', "import '../config.ts'"],
  'only-main-knows-the-command-line': ['src/x-app.ts', "import './command-line/program.ts'"],
  'the-sandbox-is-a-visitor': ['src/x-plays.ts', "import './sandbox/refusal.ts'"],
  'the-sandbox-knows-nothing-of-the-house': ['src/sandbox/x-peeps.ts', "import '../domain/consent.ts'"],
  'the-demo-is-not-shipped': ['src/x-shows.ts', "await import('./demo.ts')"],
  'what-ships-needs-no-development-package': ['src/front/x-develops.ts', "import 'fast-check'"],
  'only-provider': ['src/registration/x-engine.ts', "import 'oidc-provider'"],
  'only-store': ['src/provider/x-sql.ts', "import 'pg'"],
  'only-kms': ['src/provider/x-signs.ts', "import '@aws-sdk/client-kms'"],
  'only-templates': ['src/provider/x-page.ts', "import 'ejs'"],
  'only-factors': ['src/pages/x-hash.ts', "import '@node-rs/argon2'"],
  'only-command-line': ['src/operations/x-options.ts', "import 'commander'"],
  'only-jose': ['src/pages/x-token.ts', "import 'jose'"],
}

interface Violation {
  readonly from: string
  readonly rule: { readonly name: string }
}

describe('the walls between the rooms', function () {
  this.timeout(120_000)
  let copy: string
  let found: readonly Violation[]

  before(async () => {
    copy = await mkdtemp(join(tmpdir(), 'postern-walls-'))
    for (const name of ['src', 'package.json', 'tsconfig.json', config])
      await cp(join(root, name), join(copy, name), { recursive: true })
    await lendPackages(join(root, 'node_modules'), join(copy, 'node_modules'))
    await plant('node_modules/@aws-sdk/client-kms/index.js', '')
    await plant('src/store/x-circular.ts', "import './x-circle.ts'")
    for (const [file, source] of Object.values(breaches)) await plant(file, source)
    found = cruise(copy)
  })
  after(() => rm(copy, { recursive: true, force: true }))

  async function plant(file: string, source: string): Promise<void> {
    await mkdir(dirname(join(copy, file)), { recursive: true })
    await writeFile(join(copy, file), `${source}\n`)
  }

  it('have a planted breach for every rule', () => {
    assert.deepEqual(Object.keys(breaches).sort(), forbidden.map(({ name }) => name).sort())
  })

  for (const [rule, [file]] of Object.entries(breaches))
    it(`hold: ${rule}`, () => {
      const violated = found.filter(({ from }) => from === file).map(({ rule: { name } }) => name)
      assert.ok(violated.includes(rule), `${file} breaks ${violated.join(', ') || 'nothing'}`)
    })

  it('are not breached by anything but what was planted', () => {
    assert.deepEqual(
      found.map(({ from }) => from).filter((from) => !/\/x-[a-z-]+\.ts$/.test(from)),
      [],
    )
  })
})

/** Every package by a link of its own, so that others can stand beside them. */
async function lendPackages(from: string, to: string): Promise<void> {
  await mkdir(to)
  for (const name of await readdir(from)) {
    if (name.startsWith('.')) continue
    if (!name.startsWith('@')) await symlink(join(from, name), join(to, name))
    else {
      await mkdir(join(to, name))
      for (const scoped of await readdir(join(from, name)))
        await symlink(join(from, name, scoped), join(to, name, scoped))
    }
  }
}

function cruise(folder: string): readonly Violation[] {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'src', '--config', config, '--output-type', 'json'],
    { cwd: folder, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
  )
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout).summary.violations
}
