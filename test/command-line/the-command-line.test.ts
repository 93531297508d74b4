import assert from 'node:assert/strict'
import { postern, temporaryFolder } from './postern.ts'

const commands: readonly (readonly string[])[] = [
  ['demo'],
  ['serve'],
  ['migrate'],
  ['doctor'],
  ['config'],
  ['keys', 'list'],
  ['keys', 'generate'],
  ['third-parties', 'add'],
  ['third-parties', 'list'],
  ['third-parties', 'suspend'],
  ['third-parties', 'restore'],
  ['third-parties', 'remove'],
  ['resource-servers', 'add'],
  ['resource-servers', 'list'],
  ['resource-servers', 'remove'],
  ['customers', 'add'],
  ['customers', 'import'],
  ['customers', 'list'],
  ['customers', 'reset-factor'],
  ['customers', 'unlock'],
  ['consents', 'revoke'],
  ['audit', 'list'],
]

describe('the command line', () => {
  it('explains every command with two examples', async () => {
    for (const command of commands) {
      const { code, out } = await postern([...command, '--help'])
      assert.equal(code, 0, command.join(' '))
      const examples = out.match(/^ {2}\$ postern .+$/gm) ?? []
      assert.equal(examples.length, 2, `${command.join(' ')}:\n${out}`)
      for (const example of examples)
        assert.ok(example.startsWith(`  $ postern ${command.join(' ')}`), example)
    }
  })

  it('knows what was meant, and says a wrong usage with exit code 2', async () => {
    for (const [args, hint] of [
      [['dem'], 'Did you mean demo?'],
      [['third-partie', 'list'], 'Did you mean third-parties?'],
      [['third-parties', 'lst'], 'Did you mean list?'],
      [['migrate', '--pln'], 'Did you mean --plan?'],
      [['serve', '--role', 'everything'], 'Allowed choices are all, authority, gateway'],
      [['third-parties', 'suspend'], "missing required argument 'client_id'"],
      [['third-parties', 'suspend', '-Zk3dkf93kd'], 'A value that begins with a hyphen goes after --'],
      [['audit', 'list', '--limit', 'many'], 'It must be a whole number, 1 to 10000.'],
    ] as const) {
      const { code, out, err } = await postern(args)
      assert.equal(code, 2, args.join(' '))
      assert.equal(out, '')
      assert.ok(err.includes(hint), `${args.join(' ')}: ${err}`)
    }
  })

  it('prints its version', async () => {
    assert.match((await postern(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
  })

  it('says with exit code 78 which setting a command lacks, and never a stack', async () => {
    for (const args of [['migrate'], ['third-parties', 'list'], ['audit', 'list'], ['keys', 'list']]) {
      const folder = temporaryFolder()
      const { code, err } = await postern(args, { folder: folder.path })
      folder.remove()
      assert.equal(code, 78, args.join(' '))
      assert.match(err, /^Configuration has 1 problem\n {2}[A-Z_]+ {3}is missing/)
      assert.doesNotMatch(err, / at .+:\d+/)
    }
  })

  it('says in a sentence when the database is away or is something else', async () => {
    const away = { DATABASE_URL: 'postgres://postern:geheim@127.0.0.1:1/postern' }
    const { code, out, err } = await postern(['customers', 'list'], { environment: away })
    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(err, /^The database did not answer\. \(.*ECONNREFUSED.*\)\n$/)
    const other = { DATABASE_URL: 'mysql://postern:geheim@127.0.0.1:1/postern' }
    for (const args of [['customers', 'list'], ['serve'], ['config'], ['doctor']]) {
      const said = await postern(args, { environment: other })
      assert.doesNotMatch(said.out + said.err, /geheim/, args.join(' '))
    }
  })

  it('gives errors in JSON to whom asked for JSON', async () => {
    const environment = { DATABASE_URL: 'postgres://postern@127.0.0.1:1/postern' }
    const { err } = await postern(['customers', 'list', '--json'], { environment })
    assert.match(JSON.parse(err).error.message, /^The database did not answer/)
  })

  it('documents every setting, and prints those in effect without secrets', async () => {
    const { out: docs } = await postern(['config', '--docs'])
    for (const name of ['ISSUER', 'DATABASE_URL', 'ADMISSION_URL', 'LOG_LEVEL'])
      assert.match(docs, new RegExp(`^\\| \`${name}\` \\|`, 'm'))
    const environment = { DATABASE_URL: 'postgres://postern:geheim@db.internal/postern' }
    const { code, out } = await postern(['config'], { environment })
    assert.equal(code, 0)
    assert.match(out, /^DATABASE_URL +environment +postgres:\/\/postern:…@db\.internal\/postern$/m)
    assert.match(out, /^LOG_LEVEL +default +info$/m)
    assert.match(out, /^SECRETS_DIR\/log-key +nowhere +not set, or too short$/m)
  })

  it('checks a configuration without starting anything', async () => {
    const { code, err } = await postern(['config', '--check'], { environment: { ISSUER: 'http://bank' } })
    assert.equal(code, 78)
    assert.match(err, /ISSUER +is "http:\/\/bank"\. It must be an https URL\. +e\.g\. https:\/\//)
    assert.match(err, /DATABASE_URL +is missing/)
  })
})
