import assert from 'node:assert/strict'
import type { ResourceServer, Standing, ThirdParty } from '../../src/domain/third-party.ts'
import { openClients } from '../../src/provider/clients.ts'
import type { Ledger } from '../../src/provider/ports.ts'
import { sealed, unsealed } from '../../src/provider/sealed.ts'

function register(standing: Standing = 'active') {
  const acme: ThirdParty = {
    clientId: 'acme',
    organisation: { id: 'o', directoryId: 'd', name: 'Acme Ltd' },
    softwareId: 's',
    name: 'Acme',
    roles: ['AISP'],
    standing,
    securityProfile: 'fapi2',
    registeredAt: new Date(0),
    metadata: {},
  }
  const state = { asked: 0, standing, away: false }
  const rows: Pick<Ledger, 'findThirdParty' | 'findResourceServer'> = {
    findThirdParty: async (id) => {
      state.asked += 1
      if (state.away) throw new Error('the database is away')
      return id === 'acme' ? { ...acme, standing: state.standing } : undefined
    },
    findResourceServer: async (id): Promise<ResourceServer | undefined> =>
      id === 'rs' ? { clientId: 'rs', name: 'RS', resource: 'https://api', metadata: {} } : undefined,
  }
  let clock = 0
  // Only these two of the ledger are asked.
  const clients = openClients(rows as Ledger, () => clock)
  return { clients, state, pass: (ms: number) => (clock += ms) }
}

describe('clients as of now', () => {
  it('are asked for once in half a second, and anew after it', async () => {
    const { clients, state, pass } = register()
    await Promise.all([clients.find('acme'), clients.find('acme')])
    pass(499)
    assert.equal((await clients.find('acme'))?.kind, 'third-party')
    assert.equal(state.asked, 1)
    pass(1)
    await clients.find('acme')
    assert.equal(state.asked, 2)
  })

  it('are nobody when suspended, removed or unknown, and a resource server is known as one', async () => {
    for (const standing of ['suspended', 'removed'] as const)
      assert.equal(await register(standing).clients.find('acme'), undefined)
    const { clients } = register()
    assert.equal(await clients.find('nobody'), undefined)
    assert.equal((await clients.find('rs'))?.kind, 'resource-server')
  })

  it('are asked for at once when word comes of a change, or of doubt', async () => {
    const { clients, state } = register()
    await clients.find('acme')
    state.standing = 'suspended'
    clients.changed('another')
    assert.ok(await clients.find('acme'))
    clients.changed('acme')
    assert.equal(await clients.find('acme'), undefined)
    state.standing = 'active'
    clients.doubt()
    assert.ok(await clients.find('acme'))
  })

  it('are never taken for unknown because the database is away, and that is not remembered', async () => {
    const { clients, state } = register()
    state.away = true
    await assert.rejects(clients.find('acme'), /away/)
    state.away = false
    assert.ok(await clients.find('acme'))
  })

  it('are not looked for under names that no client has', async () => {
    const { clients, state } = register()
    for (const id of ['', 'x'.repeat(65), '../etc', 'a b', "'; drop table", '\u0000'])
      assert.equal(await clients.find(id), undefined)
    assert.equal(state.asked, 0)
  })
})

describe('what is sealed under an id', () => {
  it('is opened with that id, and every seal is another', () => {
    const box = sealed('uid', 'the secret')
    assert.equal(unsealed('uid', box), 'the secret')
    assert.notEqual(sealed('uid', 'the secret'), box)
    assert.ok(!Buffer.from(box, 'base64url').includes('secret'))
  })

  it('is opened by no other id and not when any byte of it is another', () => {
    const box = sealed('uid', 'the secret')
    assert.throws(() => unsealed('another', box))
    const bytes = Buffer.from(box, 'base64url')
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.throws(() => unsealed('uid', changed.toString('base64url')), `byte ${at}`)
    }
    assert.throws(() => unsealed('uid', ''))
  })
})
