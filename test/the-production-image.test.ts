import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compileStylesheet } from '../src/pages/stylesheet.ts'
import { type Installation, openInstallation } from './command-line/installation.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const IMAGE_USER = 10_001

/** The image's files as the Dockerfile puts them together, run as the Dockerfile says; only the base image is not it. */
describe('the production image', function () {
  this.timeout(120_000)
  const asRoot = process.getuid?.() === 0
  const user = asRoot ? { uid: IMAGE_USER, gid: IMAGE_USER } : {}
  let place: string
  let image: string
  let node: string
  let dockerfile: string
  let installation: Installation

  before(async () => {
    dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')
    place = mkdtempSync(join(tmpdir(), 'postern-image-'))
    chmodSync(place, 0o755)
    image = join(place, 'postern')
    await assemble(image, dockerfile)
    // Another user may not be able to get to the Node that runs this.
    node = join(place, 'node')
    await copyFile(process.execPath, node)
    installation = await openInstallation()
    if (asRoot) giveAway(installation.folder.path)
  })
  after(() => {
    installation?.remove()
    rmSync(place, { recursive: true, force: true })
  })

  const environment = () => ({ NODE_ENV: 'production', ...installation.environment })

  /** The command of an exec-form instruction, on our Node. */
  function commandOf(
    instruction: 'CMD' | 'HEALTHCHECK',
  ): readonly [program: string, args: readonly string[]] {
    const form = instruction === 'CMD' ? /^CMD (\[.+\])$/m : /^HEALTHCHECK .*CMD (\[.+\])$/m
    const [program, ...args]: readonly string[] = JSON.parse(form.exec(dockerfile)?.[1] ?? '[]')
    assert.equal(program, 'node', `${instruction} is in exec form and starts node`)
    return [node, args]
  }

  function postern(...args: readonly string[]) {
    const flags = commandOf('CMD')[1].slice(0, -1)
    return spawnSync(node, [...flags, ...args], { cwd: image, env: environment(), encoding: 'utf8', ...user })
  }

  it('says kindly that it has no demo, and has no sandbox', () => {
    const { status, stderr } = postern('demo')
    assert.equal(status, 1)
    assert.match(stderr, /not part of this installation/)
    assert.equal(existsSync(join(image, 'src/sandbox')), false)
  })

  it('migrates', () => {
    const { status, stdout, stderr } = postern('migrate')
    assert.equal(status, 0, stderr)
    assert.match(stdout, /up to date|nothing|applied/i)
  })

  it('serves as a user who owns nothing, writes nothing, and is healthy until it is told to end', async () => {
    const files = listing(image)
    const [program, args] = commandOf('CMD')
    const server = spawn(program, args, {
      cwd: image,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    })
    const said: string[] = []
    const ended = new Promise<number | null>((resolve) => server.once('close', resolve))
    const port = await new Promise<string>((resolve, reject) => {
      for (const stream of [server.stdout, server.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          said.push(text)
          const found = /operations (\d+)/.exec(said.join(''))?.[1]
          if (found) resolve(found)
        })
      void ended.then((code) => reject(new Error(`ended with ${code}: ${said.join('')}`)))
    })
    assert.equal(health(port), 0)

    server.kill('SIGTERM')
    assert.equal(await ended, 0, said.join(''))
    assert.equal(health(port), 1)
    assert.deepEqual(listing(image), files)
  })

  function health(port: string): number | null {
    const [program, args] = commandOf('HEALTHCHECK')
    const env = { ...environment(), OPERATIONS_LISTEN: `0.0.0.0:${port}` }
    return spawnSync(program, [...args], { cwd: image, env, ...user }).status
  }
})

/** What the last stage copies out of the clone, through .dockerignore; and the packages of `npm ci --omit=dev`. */
async function assemble(image: string, dockerfile: string): Promise<void> {
  const lines = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n').filter(Boolean)
  assert.ok(lines.includes('*'), '.dockerignore lets in only what it names')
  const out = new Set(lines.filter((line) => !/^[#!*]/.test(line)).map((line) => join(root, line)))
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '))
  for (const [, name = ''] of lastStage.matchAll(/^COPY ([^- ]\S*) \S+$/gm)) {
    assert.ok(lines.includes(`!${name}`), `${name} is copied but ignored`)
    cpSync(join(root, name), join(image, name), { recursive: true, filter: (path) => !out.has(path) })
  }
  await writeFile(join(image, 'views/stylesheet.css'), await compileStylesheet())

  const lock: { readonly packages: Readonly<Record<string, { readonly dev?: boolean }>> } = JSON.parse(
    await readFile(join(root, 'package-lock.json'), 'utf8'),
  )
  const development = new Set<string>()
  for (const [path, { dev }] of Object.entries(lock.packages)) if (dev) development.add(join(root, path))
  for (const [path, { dev }] of Object.entries(lock.packages))
    if (!dev && /^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) && existsSync(join(root, path)))
      cpSync(join(root, path), join(image, path), {
        recursive: true,
        filter: (inside) => !development.has(inside),
      })
}

/** Secrets that were mounted for the image's user. */
function giveAway(folder: string): void {
  chownSync(folder, IMAGE_USER, IMAGE_USER)
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, name), IMAGE_USER, IMAGE_USER)
}

function listing(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort()
}
