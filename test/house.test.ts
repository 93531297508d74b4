import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { postern } from './command-line/postern.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (name: string): string => readFileSync(join(root, name), 'utf8')

/** What is in git or about to be, whoever owns the clone; an archive without git has nothing to examine. */
function filesOfTheHouse(): readonly string[] {
  const list = execFileSync(
    'git',
    ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  return [...new Set(list.split('\0'))].filter((name) => name !== '' && existsSync(join(root, name)))
}

const here = existsSync(join(root, '.git')) ? describe : describe.skip

here('what is in the repository', () => {
  const files = filesOfTheHouse()
  const texts = files
    .filter((name) => !/\.(png|webp|ico|woff2?)$/.test(name))
    .map((name) => ({ name, text: read(name) }))
  const own = texts.filter(({ name }) => name !== 'package-lock.json' && name !== 'test/house.test.ts')

  function without(pattern: RegExp, among = own): void {
    const lines = among.flatMap(({ name, text }) =>
      text
        .split('\n')
        .flatMap((line, index) => (pattern.test(line) ? [`${name}:${index + 1}: ${line}`] : [])),
    )
    assert.deepEqual(lines, [])
  }

  it('holds no private key', () => {
    // A whole block, not the words: sources that read or write PEM name its first line.
    const blocks = own.filter(({ text }) =>
      /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}/.test(text),
    )
    assert.deepEqual(
      blocks.map(({ name }) => name),
      [],
    )
    assert.deepEqual(
      files.filter((name) => /\.(key|p12|pfx|jks)$|(^|\/)\.env/.test(name)),
      [],
    )
    without(/"d":\s*"[A-Za-z0-9_-]{40,}"/)
  })

  it('knows nothing of the machine that it was written on', () => {
    without(/(^|[\s'"`(=])\/(home|Users|root|work)\/\w/)
    without(/registry\.[a-z]+(js)?\.(org|com)/, texts)
  })

  it('leaves nothing for later, skips no test without a reason and silences no checker', () => {
    without(/\b(TODO|FIXME|XXX|HACK)\b/)
    without(/\b(describe|it)\.only\(|\bx(it|describe)\(/)
    without(/@ts-(ignore|nocheck|expect-error)/)
  })

  it('has no drawer where anything fits, no barrel and no default export', () => {
    const sources = files.filter((name) => name.startsWith('src/'))
    const drawer = /(^|\/)(utils?|helpers?|types|services|controllers|constants|common|misc)(\/|\.ts$)/
    assert.deepEqual(
      sources.filter((name) => drawer.test(name)),
      [],
    )
    assert.deepEqual(
      sources.filter((name) => /(?<!profiles\/[^/]+)\/index\.ts$/.test(name)),
      [],
    )
    without(
      /^export default /,
      own.filter(({ name }) => /^(src|test|bench)\//.test(name)),
    )
  })
})

interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { readonly resolved?: string; readonly hasInstallScript?: true; readonly integrity?: string }
    >
  >
}
interface Manifest {
  readonly scripts: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

describe('the packages', () => {
  const manifest: Manifest = JSON.parse(read('package.json'))
  const lock: Lock = JSON.parse(read('package-lock.json'))

  it('are pinned to one version each', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    assert.deepEqual(
      versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[a-z]+\.\d+)?$/.test(version)),
      [],
    )
  })

  it('run an install script only where one was looked at', () => {
    const names = Object.entries(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    const reviewed = new Set(Object.keys(manifest.allowScripts))
    assert.deepEqual(
      names.filter((name) => !reviewed.has(name)),
      [],
    )
    assert.match(read('.npmrc'), /^strict-allow-scripts=true$/m)
  })

  it('can be installed from the lock on every platform it names', () => {
    // `npm ci` refuses a lock that lacks an optional package of another platform.
    const paths = new Set(Object.keys(lock.packages))
    const wanted = Object.entries(lock.packages).flatMap(([path, entry]) =>
      Object.keys((entry as { optionalDependencies?: object }).optionalDependencies ?? {}).map((name) => ({
        path,
        name,
      })),
    )
    const missing = wanted.filter(
      ({ path, name }) => !paths.has(`${path}/node_modules/${name}`) && !paths.has(`node_modules/${name}`),
    )
    assert.deepEqual(missing, [])
  })

  it('name no place to come from: any faithful registry will do', () => {
    assert.deepEqual(
      Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined),
      [],
    )
  })
})

describe('the Dockerfile', () => {
  const text = read('Dockerfile').replace(/\\\n/g, ' ')
  const lines = text.split('\n').filter((line) => /^[A-Z]+ /.test(line))
  const of = (instruction: string, among = lines): readonly string[] =>
    among.filter((line) => line.startsWith(`${instruction} `))
  const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')))

  it('builds in stages, on a base whose version is said', () => {
    const stages = of('FROM').flatMap((line) => / AS (\S+)$/.exec(line)?.[1] ?? [])
    const bases = of('FROM').flatMap((line) => line.split(' ')[1] ?? [])
    assert.ok(of('FROM').length > 1)
    assert.deepEqual(
      bases.filter(
        (base) => !stages.includes(base) && !/^node:24-bookworm-slim(@sha256:[0-9a-f]{64})?$/.test(base),
      ),
      [],
    )
  })

  it('installs from the lock, without development packages and without install scripts', () => {
    const installs = of('RUN').filter((line) => /\bnpm (ci|i|install)\b/.test(line))
    assert.ok(installs.length > 0)
    for (const line of installs) assert.match(line, /npm ci .*--ignore-scripts/)
    assert.ok(installs.some((line) => line.includes('--omit=dev')))
    assert.deepEqual(
      of('COPY', last).filter((line) => /--from=/.test(line) && !/packages|stylesheet/.test(line)),
      [],
    )
  })

  it('ends as a user without a name or rights, with a health check, by exec forms', () => {
    assert.match(last.findLast((line) => line.startsWith('USER ')) ?? '', /^USER 10001:10001$/)
    assert.equal(of('HEALTHCHECK', last).length, 1)
    for (const line of [...of('CMD'), ...of('ENTRYPOINT')]) assert.match(line, /^\w+ \[/)
    assert.match(of('CMD').join(), /--disable-proto=delete/)
    assert.match(text, /^ENV NODE_ENV=production$/m)
  })

  it('fetches nothing else and is told no secret', () => {
    assert.deepEqual(of('ADD'), [])
    assert.deepEqual(of('ARG'), [])
    assert.doesNotMatch(text, /\b(curl|wget|apt-get|sudo)\b/)
    assert.doesNotMatch(of('ENV').join('\n'), /KEY|SECRET|PASSWORD|TOKEN/)
  })

  it('copies nothing whole, and neither sandbox, tests, keys nor history', () => {
    assert.deepEqual(
      of('COPY').filter((line) => / \.\/? /.test(line)),
      [],
    )
    const ignored = read('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
    assert.equal(ignored[0], '*')
    for (const name of ['.git', 'keys', 'test', 'bench', '.postern', 'docs'])
      assert.equal(ignored.includes(`!${name}`), false, name)
    for (const name of ['src/sandbox', 'src/demo', 'src/demo.ts']) assert.ok(ignored.includes(name), name)
  })
})

describe('the documents', () => {
  const documents = filesIfAny().filter((name) => name.endsWith('.md'))

  it('lead nowhere that is not there', () => {
    const broken = documents.flatMap((name) =>
      [...read(name).matchAll(/\]\(([^)#\s]+)(#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(name), target)))
        .map((target) => `${name} → ${target}`),
    )
    assert.deepEqual(broken, [])
  })

  it('name only scripts that there are', () => {
    const { scripts }: Manifest = JSON.parse(read('package.json'))
    const named = documents.flatMap((name) =>
      [...read(name).matchAll(/`npm run ([a-z:]+)/g)].map(([, script = '']) => script),
    )
    assert.deepEqual(
      named.filter((script) => !(script in scripts)),
      [],
    )
  })

  it('describe every environment variable as the command line does', async () => {
    const { out } = await postern(['config', '--docs'])
    assert.match(out, /`ISSUER`/)
    assert.ok(read('docs/operations.md').includes(out.trim()), 'paste what `postern config --docs` prints')
  })

  it('say of every table how long its rows are kept', () => {
    const tables = [...migrations().matchAll(/^create table (?:if not exists )?"?(\w+)"?/gim)].map(
      ([, table]) => table,
    )
    const data = read('docs/data.md')
    assert.deepEqual(
      tables.filter((table) => !data.includes(`| \`${table}\` |`)),
      [],
    )
  })

  it('name only tests that there are', () => {
    const named = [...read('docs/threats.md').matchAll(/`(test\/[^`*]+\.ts)`/g)].map(([, file = '']) => file)
    assert.ok(named.length > 0)
    assert.deepEqual(
      named.filter((file) => !existsSync(join(root, file))),
      [],
    )
  })
})

function filesIfAny(): readonly string[] {
  return existsSync(join(root, '.git')) ? filesOfTheHouse() : []
}

function migrations(): string {
  return filesIfAny()
    .filter((name) => /^migrations\/.*\.sql$/.test(name))
    .map(read)
    .join('\n')
}
