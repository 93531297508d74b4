import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { refuse, stopConnection } from '../support/customer.ts'
import { type House, openHouse } from '../support/house.ts'
import { type JsonObject, parseObject } from '../support/json.ts'
import type { ThirdParty } from '../support/third-party.ts'
import { listOf, newestConsent, share } from './shared.ts'

interface Row {
  readonly type: string
  readonly actor: string
  readonly customer: string | null
  readonly client_id: string | null
  readonly interaction_id: string | null
  readonly canonical: string
  readonly leaf: string
}

describe('a journey is in the audit trail', () => {
  let house: House
  let acme: ThirdParty
  before(async () => {
    house = await openHouse()
    acme = await house.register()
  })
  after(() => house.close())

  const rowsOf = (consentId: string) =>
    house.sql<Row>(
      `select type, actor, encode(customer_ref, 'hex') as customer, client_id, interaction_id, canonical,
        encode(leaf, 'hex') as leaf from audit_event where consent_id = $1 order by id`,
      [consentId],
    )

  it('step by step, in its order, with the one who took it', async () => {
    const shared = await share(house, acme, { accounts: [0, 1] })
    const { accessToken, refreshToken = '', consentId, customer, browser } = shared
    const [first] = listOf(await acme.read('/accounts', accessToken), 'accounts')
    await acme.read(`/accounts/${String(first?.accountId)}/balances`, accessToken)
    await acme.renew(refreshToken)
    await stopConnection(browser, await customer.openConnections(browser, house.issuer), consentId)

    const rows = await rowsOf(consentId)
    assert.deepEqual(
      rows.map(({ type, actor }) => `${actor}: ${type}`),
      [
        'third-party: consent.requested',
        'customer: consent.decided',
        'customer: consent.authorised',
        'third-party: token.issued',
        'third-party: data.disclosed',
        'third-party: data.disclosed',
        'third-party: token.issued',
        'customer: consent.revoked',
      ],
    )
    for (const { client_id } of rows) assert.equal(client_id, acme.clientId)
    const customers = new Set(rows.slice(1).flatMap(({ customer: ref }) => ref ?? []))
    assert.equal(customers.size, 1)
  })

  it('with the interaction id that the third party was given, to find a complaint by', async () => {
    const { accessToken, consentId } = await share(house, acme)
    const id = 'c770aef3-6784-41f7-8e0e-ff5f97bddb3a'
    await acme.resource('/accounts', accessToken, { headers: { 'x-fapi-interaction-id': id } })
    const row = (await rowsOf(consentId)).at(-1)
    assert.deepEqual([row?.type, row?.interaction_id], ['data.disclosed', id])
  })

  it('the refused one too, and the registration and the sign-ins around it', async () => {
    const customer = await house.customer()
    const browser = house.browser()
    const page = await customer.arrive(browser, (await acme.ask()).url)
    await refuse(browser, page)
    const types = (await rowsOf(await newestConsent(house, acme))).map(({ type }) => type)
    assert.deepEqual(types, ['consent.requested', 'consent.decided', 'consent.rejected'])
    const around = await house.sql<{ type: string }>('select distinct type from audit_event')
    const all = around.map(({ type }) => type)
    for (const type of ['third-party.registered', 'request.pushed', 'customer.authenticated'])
      assert.ok(all.includes(type), type)
  })

  it('and holds no secret, no number and nobody by name', async () => {
    const shared = await share(house, acme)
    const { accessToken, refreshToken = '', idToken = '', asked, customer, subject } = shared
    const accounts = listOf(await acme.read('/accounts', accessToken), 'accounts')
    const numbers = accounts.map(({ identification }) => (identification as JsonObject).value)
    const holders = accounts.map(({ holderName }) => holderName)
    const { customerNumber, password, totpSecret, name } = customer.facts
    const secrets = [accessToken, refreshToken, idToken, asked.requestUri, asked.verifier, asked.state]
    const rows = await house.sql<{ canonical: string }>('select canonical from audit_event')
    const trail = rows.map(({ canonical }) => canonical).join('\n')
    for (const unwanted of [
      ...secrets,
      ...numbers,
      ...holders,
      customerNumber,
      password,
      totpSecret,
      name,
      subject,
    ])
      assert.ok(unwanted !== undefined && !trail.includes(String(unwanted)))
  })

  it('each row as the leaf of its own canonical text', async () => {
    const { consentId } = await share(house, acme)
    for (const { canonical, leaf, type } of await rowsOf(consentId)) {
      const text = Buffer.concat([Buffer.of(0), Buffer.from(canonical, 'utf8')])
      assert.equal(leaf, createHash('sha256').update(text).digest('hex'))
      assert.equal(parseObject(canonical, 'an audit row').type, type)
    }
  })
})
