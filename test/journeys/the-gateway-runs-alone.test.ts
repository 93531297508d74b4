import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { type App, openApp } from '../../src/app.ts'
import { type Config, readSecrets } from '../../src/config.ts'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { auditOf, nicknames, share } from './shared.ts'

describe('the gateway that runs alone', () => {
  let house: House
  let gateway: App
  let acme: ThirdParty
  let remote: Config['remoteAdmission']
  let dpop: Awaited<ReturnType<typeof share>>
  const lines: string[] = []

  before(async () => {
    const port = await freePort()
    house = await openHouse({
      config: async (authority) => {
        const server = await authority.server(['localhost'])
        const client = await authority.client({ commonName: 'gateway' })
        const ca = authority.certificate
        remote = {
          url: `https://localhost:${port}`,
          ca,
          tls: { cert: client.certificate, key: client.key },
        }
        const tls = { cert: server.certificate, key: server.key }
        return { role: 'authority', admission: { host: '127.0.0.1', port, tls, ca } }
      },
    })
    assert.ok(remote)
    gateway = await openGateway(remote)
    await gateway.start()
    acme = await house.register()
    dpop = await share(house, acme, { accounts: [0, 2] })
  })
  after(async () => {
    await gateway?.close()
    await house?.close()
  })

  /** What it is given has neither database nor keys: whatever it needs of them it has to ask for. */
  async function openGateway(remoteAdmission: NonNullable<Config['remoteAdmission']>): Promise<App> {
    const { database, keys, ...rest } = house.config
    const { admission, ...config } = rest
    const nowhere = { ...database, url: 'postgres://nobody@127.0.0.1:1/none' }
    return openApp(
      {
        ...config,
        role: 'gateway',
        database: nowhere,
        keys: { ...keys, file: '/nowhere' },
        operations: { host: '127.0.0.1', port: 0 },
        remoteAdmission,
      },
      readSecrets(house.config.secretsDir),
      { write: (line) => void lines.push(line) },
    )
  }

  it('gives exactly the data that was agreed to', async () => {
    const body = await acme.read('/accounts', dpop.accessToken)
    assert.deepEqual(nicknames(body), ['Everyday account', 'Savings account'])
    const [id] = (dpop.authorizationDetails[0]?.accounts ?? []) as string[]
    const transactions = await acme.read(`/accounts/${id}/transactions`, dpop.accessToken)
    assert.ok((transactions.transactions as unknown[]).length > 0)
  })

  it('to holders of a certificate as well', async () => {
    const party = await house.register({ variant: 'private_key_jwt-mtls' })
    const { accessToken } = await share(house, party, { accounts: [1] })
    assert.deepEqual(nicknames(await party.read('/accounts', accessToken)), ['Bills account'])
    assert.equal((await party.resource('/accounts', accessToken, { certificate: false })).status, 401)
  })

  it('and tells the authority what it gave', async () => {
    const seen = async () =>
      (await auditOf(house, dpop.consentId)).filter((type) => type === 'data.disclosed').length
    const before = await seen()
    await acme.read('/accounts', dpop.accessToken)
    assert.equal(await seen(), before + 1)
  })

  it('refuses a proof that was used before, whoever took it first', async () => {
    const url = acme.resourceUrl('/accounts')
    const proof = acme.caller.proof({ server: 'gateway', method: 'GET', url, accessToken: dpop.accessToken })
    const send = () => acme.resource('/accounts', dpop.accessToken, { proof })
    assert.equal((await send()).status, 200)
    assert.equal((await send()).status, 401)
  })

  it('refuses from the moment that the consent ends', async () => {
    const { accessToken, refreshToken = '' } = await share(house, acme)
    assert.equal((await acme.resource('/accounts', accessToken)).status, 200)
    await acme.revoke(refreshToken)
    const refused = await acme.resource('/accounts', accessToken)
    assert.deepEqual([refused.status, errorOf(refused)], [401, 'invalid_token'])
  })

  it('gives nothing and says so at once while the authority is away, and works when it is back', async () => {
    const [authority] = house.processes
    await authority?.stop()
    const answer = await acme.resource('/accounts', dpop.accessToken)
    assert.equal(answer.status, 503)
    assert.ok(answer.milliseconds < 5_000)
    await authority?.start()
    assert.equal((await acme.resource('/accounts', dpop.accessToken)).status, 200)
  })

  it('logs neither token nor account', () => {
    const log = lines.join('\n')
    assert.ok(lines.length > 0)
    assert.ok(!log.includes(dpop.accessToken))
    for (const id of (dpop.authorizationDetails[0]?.accounts ?? []) as string[]) assert.ok(!log.includes(id))
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      // It listens on TCP.
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
}
