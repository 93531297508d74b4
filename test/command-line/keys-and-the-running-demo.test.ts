import assert from 'node:assert/strict'
import { chmod, stat } from 'node:fs/promises'
import { freshDatabase } from '../support/run.ts'
import { type Folder, postern, putSecrets, temporaryFolder } from './postern.ts'

describe('signing keys', () => {
  let folder: Folder
  beforeEach(() => {
    folder = temporaryFolder()
  })
  afterEach(() => folder.remove())

  it('are made in a file that only its owner can read, listed, and never overwritten', async () => {
    const file = folder.at('signing-keys.pem')
    const { code, out } = await postern(['keys', 'generate', '--file', file])
    assert.equal(code, 0)
    assert.match(out, /^KID +ALG +WHERE\n\S{43} +PS256 .+\n\S{43} +ES256 .+\n$/)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    const listed = await postern(['keys', 'list'], { environment: { SIGNING_KEYS_FILE: file } })
    assert.equal(listed.out, out)
    const again = await postern(['keys', 'generate', '--file', file])
    assert.equal(again.code, 1)
    assert.match(again.err, /exists already, and keys are never overwritten/)
    assert.doesNotMatch(out + again.err + listed.out, /PRIVATE/)
    const json = await postern(['keys', 'list', '--json'], { environment: { SIGNING_KEYS_FILE: file } })
    for (const { public_jwk } of JSON.parse(json.out)) assert.equal(public_jwk.d, undefined)
  })
})

describe('operators of a demo', () => {
  let folder: Folder
  beforeEach(async () => {
    folder = temporaryFolder()
    await folder.put('.postern/demo/running.json', {
      issuer: 'http://localhost:3000',
      directory: 'http://localhost:3003',
      gateway: 'https://localhost:3444',
      customers: 'http://localhost:3002',
      caFile: folder.at('ca.pem'),
      databaseUrl: await freshDatabase(),
      secretsDir: await putSecrets(folder),
      signingKeysFile: folder.at('signing-keys.pem'),
    })
  })
  afterEach(() => folder.remove())

  it('work on the one that runs in this folder, and are told so', async () => {
    const { code, out, err } = await postern(['customers', 'list'], { folder: folder.path })
    assert.equal(code, 0, err)
    assert.match(out, /^No customer yet/)
    assert.equal(err, 'No DATABASE_URL is set: using the demo that runs here.\n')
  })

  it('work on DATABASE_URL wherever it is set', async () => {
    const environment = { DATABASE_URL: 'postgres://x@127.0.0.1:1/x' }
    const { err } = await postern(['customers', 'list'], { folder: folder.path, environment })
    assert.match(err, /^The database did not answer\. \(/)
  })

  it('are not led astray by a note that somebody else could have written', async () => {
    await chmod(folder.at('.postern/demo/running.json'), 0o666)
    const { code, err } = await postern(['customers', 'list'], { folder: folder.path })
    assert.equal(code, 1)
    assert.match(err, /belongs to, or is open to, somebody else and is not used/)
  })

  it('learn that a demo was killed', async () => {
    await folder.put('.postern/demo/running.json', {
      issuer: '',
      directory: '',
      gateway: '',
      caFile: '',
      databaseUrl: 'postgres://x@127.0.0.1:1/x',
      secretsDir: '',
      signingKeysFile: '',
    })
    const { code, err } = await postern(['customers', 'list'], { folder: folder.path })
    assert.equal(code, 1)
    assert.match(err, /does not answer\. Start it with `postern demo`, or set DATABASE_URL/)
  })
})
