import assert from 'node:assert/strict'
import { errorOf } from '../support/expect-answer.ts'
import { type House, openHouse } from '../support/house.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { auditOf, consentState, share } from './shared.ts'

describe('a third party', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse({ processes: 1 })
    acme = await house.register()
  })
  after(() => house.close())

  it('registers itself, and is what its directory says it is', async () => {
    const { registration = {} } = acme.facts
    assert.equal(registration.client_id, acme.clientId)
    assert.equal('client_secret' in registration, false)
    const [row] = await house.sql<{ name: string; roles: string[]; organisation: string }>(
      `select t.name, t.roles, o.name as organisation
        from third_party t join organisation o on o.id = t.organisation_id where t.client_id = $1`,
      [acme.clientId],
    )
    assert.deepEqual(row, { name: 'Acme Budget', roles: ['AISP'], organisation: 'Acme Budget Ltd' })
    const told = await house.sql('select actor from audit_event where client_id = $1 and type = $2', [
      acme.clientId,
      'third-party.registered',
    ])
    assert.deepEqual(told, [{ actor: 'third-party' }])
  })

  it('refreshes with the same refresh token, again and again', async () => {
    const { refreshToken = '', accessToken } = await share(house, acme)
    const seen = new Set([accessToken])
    for (let round = 0; round < 10; round += 1) {
      const tokens = await acme.renew(refreshToken)
      seen.add(tokens.accessToken)
    }
    assert.equal(seen.size, 11)
    for (const token of seen) assert.equal((await acme.resource('/accounts', token)).status, 200)
  })

  it('refreshes ten times at once', async () => {
    const { refreshToken = '' } = await share(house, acme)
    const renewed = await Promise.all(Array.from({ length: 10 }, () => acme.renew(refreshToken)))
    assert.equal(new Set(renewed.map(({ accessToken }) => accessToken)).size, 10)
  })

  it('gets with every refresh what was granted, and no more', async () => {
    const { refreshToken = '', authorizationDetails, scope } = await share(house, acme, { accounts: [1] })
    const tokens = await acme.renew(refreshToken)
    assert.deepEqual(tokens.authorizationDetails, authorizationDetails)
    assert.equal(tokens.scope, scope)
  })

  for (const how of ['stop', 'kill'] as const)
    it(`refreshes after the bank's process was ${how === 'stop' ? 'restarted' : 'killed'}`, async () => {
      const { refreshToken = '', accessToken } = await share(house, acme)
      const [process] = house.processes
      await process?.[how]()
      await process?.start()
      assert.equal((await acme.resource('/accounts', accessToken)).status, 200)
      const { accessToken: fresh } = await acme.renew(refreshToken)
      assert.equal((await acme.resource('/accounts', fresh)).status, 200)
    })

  it('gives its refresh token back, and with it everything', async () => {
    const { refreshToken = '', accessToken, consentId } = await share(house, acme)
    assert.equal((await acme.revoke(refreshToken)).status, 200)
    assert.equal((await acme.resource('/accounts', accessToken)).status, 401)
    assert.equal(errorOf(await acme.refresh(refreshToken)), 'invalid_grant')
    assert.deepEqual(await consentState(house, consentId), {
      state: 'revoked',
      reason: 'stopped-by-third-party',
    })
    assert.equal((await auditOf(house, consentId)).at(-1), 'consent.revoked')
    // RFC 7009 §2.2: what is not good any more is answered like what is given back.
    assert.equal((await acme.revoke(refreshToken)).status, 200)
  })

  it('gives one access token back, and goes on with the others', async () => {
    const { refreshToken = '', accessToken, consentId } = await share(house, acme)
    const { accessToken: second } = await acme.renew(refreshToken)
    assert.equal((await acme.revoke(accessToken)).status, 200)
    assert.equal((await acme.resource('/accounts', accessToken)).status, 401)
    assert.equal((await acme.resource('/accounts', second)).status, 200)
    await acme.renew(refreshToken)
    assert.equal((await consentState(house, consentId))?.state, 'authorised')
  })

  it('whose access token has run out refreshes and reads on', async () => {
    const short = await openHouse({ processes: 1, config: { accessTokenSeconds: 60 } })
    try {
      const party = await short.register()
      const { refreshToken = '', accessToken, expiresIn } = await share(short, party)
      assert.equal(expiresIn, 60)
      await short.processes[0]?.moveClock(61)
      const ahead = party.with({ now: () => new Date(Date.now() + 61_000) })
      assert.equal((await ahead.resource('/accounts', accessToken)).status, 401)
      const { accessToken: fresh } = await ahead.renew(refreshToken)
      assert.equal((await ahead.resource('/accounts', fresh)).status, 200)
    } finally {
      await short.close()
    }
  })
})
