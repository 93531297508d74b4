import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { call, type House, openHouse } from './harness.ts'

/** Ways in which some server somewhere would take it for `/accounts/A-one/balances` (threats E5, E6). */
const mutations = [
  '/open-banking/accounts/A-one%2fbalances',
  '/open-banking/accounts/A-one%2Fbalances',
  '/open-banking/accounts%2fA-one%2fbalances',
  '/open-banking%2faccounts/A-one/balances',
  '/open-banking/accounts/A-one/%62alances',
  '/open-banking/accounts/A-one/balances%20',
  '/open-banking/accounts/A-one/balances%00',
  '/open-banking/accounts/A-one/balances%00.css',
  '/open-banking/accounts/A-one/balances%09',
  '/open-banking/accounts/A-one/balances%0d%0a',
  '/open-banking/accounts/A-one/balances%3f',
  '/open-banking/accounts/A-one/balances%23',
  '/open-banking/accounts/A-one/balances%252f',
  '/open-banking/accounts/A-one/balances;',
  '/open-banking/accounts/A-one/balances;a=b',
  '/open-banking/accounts/A-one;/balances',
  '/open-banking/accounts/A-one;x/balances',
  '/open-banking;/accounts/A-one/balances',
  '/open-banking/accounts/A-one\\balances',
  '/open-banking\\accounts\\A-one\\balances',
  '/open-banking/accounts/A-one%5cbalances',
  '/open-banking/accounts/A-one%5Cbalances',
  '//open-banking/accounts/A-one/balances',
  '/open-banking//accounts/A-one/balances',
  '/open-banking/accounts//A-one/balances',
  '/open-banking/accounts/A-one//balances',
  '/open-banking/accounts/A-one/balances//',
  '/open-banking/accounts/A-one/balances/',
  '/open-banking/./accounts/A-one/balances',
  '/open-banking/accounts/./A-one/balances',
  '/open-banking/accounts/A-one/./balances',
  '/open-banking/accounts/A-one/balances/.',
  '/open-banking/../open-banking/accounts/A-one/balances',
  '/open-banking/accounts/x/../A-one/balances',
  '/open-banking/accounts/A-one/x/../balances',
  '/open-banking/accounts/A-one/balances/..',
  '/open-banking/accounts/A-one/balances/../balances',
  '/open-banking/accounts/%2e%2e/accounts/A-one/balances',
  '/open-banking/accounts/.%2e/accounts/A-one/balances',
  '/open-banking/accounts/A-one/%2e/balances',
  '/open-banking/accounts/A-one/..;/A-one/balances',
  '/open-banking/accounts/A-one/balances.json',
  '/open-banking/accounts/A-one/balances.css',
  '/open-banking/accounts/A-one/Balances',
  '/open-banking/accounts/A-one/BALANCES',
  '/open-banking/ACCOUNTS/A-one/balances',
  '/OPEN-BANKING/accounts/A-one/balances',
  '/accounts/A-one/balances',
  '/open-bankingaccounts/A-one/balances',
  '/open-banking/accounts/A-one/balances/extra',
  '/open-banking/accounts/:accountId/balances',
  '/open-banking/accounts/*/balances',
  '/open-banking/accounts/A-one,A-two/balances',
  '/open-banking/accounts/A-one/balances#',
  '/open-banking/accounts/A-one/balances#x',
  '/open-banking/accounts/A-one/balances??',
  '/open-banking/accounts/A-one/b%C3%A1lances',
  '/open-banking/accounts/A-one/balances\u00a0',
  '/open-banking/accounts/A-one/balance\u017f',
  'http://api.meridian.test/open-banking/accounts/A-one/balances',
  'https://api.meridian.test/open-banking/accounts/A-one/balances',
  'open-banking/accounts/A-one/balances',
  '*',
  '/open-banking/accounts/A-one/balances?x=%00',
  `/open-banking/accounts/A-one/balances?${'x'.repeat(3000)}`,
  `/open-banking/accounts/${'x'.repeat(3000)}/balances`,
  '/open-banking/accounts/A-one/balances',
]

describe('an address has one spelling', () => {
  let house: House
  before(async () => {
    house = await openHouse()
  })
  after(() => house.close())
  beforeEach(() => {
    house.bank.seen.length = 0
  })

  it(`${mutations.length} others, over a raw socket, with a token that may not read balances`, async () => {
    const token = house.issue({ permissions: ['ReadAccountsBasic'] })
    for (const target of mutations) {
      const proof = await house.prover.proof({ token, path: '/accounts/A-one/balances' })
      const answer = await raw(
        `GET ${target} HTTP/1.1\r\nHost: x\r\nAuthorization: DPoP ${token}\r\nDPoP: ${proof}\r\nConnection: close\r\n\r\n`,
      )
      const ambiguous = /[%;\\#?*]|\/\/|\/\.{1,2}(\/|$)|[^ -~]/.test(target) || target.length > 2048
      assert.match(answer, ambiguous ? /^HTTP\/1\.1 400 / : /^HTTP\/1\.1 40[034] /, target)
    }
    assert.deepEqual(house.bank.seen, [])
  })

  it('and the right one works for a token that may', async () => {
    assert.equal((await house.get('/accounts/A-one/balances', house.issue())).status, 200)
  })

  it('whatever Host, forwarding or rewriting headers say', async () => {
    for (const [name, value] of [
      ['host', 'API.MERIDIAN.TEST.'],
      ['host', 'evil.test:443'],
      ['x-original-url', '/open-banking/accounts/A-one'],
      ['x-rewrite-url', '/open-banking/accounts/A-one'],
      ['x-forwarded-proto', 'http'],
      ['x-forwarded-host', 'evil.test'],
      ['x-forwarded-prefix', '/evil'],
    ] as const) {
      const token = house.issue()
      const proof = await house.prover.proof({ token })
      const reply = await call(house.port, '/open-banking/accounts', [
        ['authorization', `DPoP ${token}`],
        ['dpop', proof],
        [name, value],
      ])
      assert.deepEqual([reply.status, Object.keys(reply.json)], [200, ['accounts']], name)
    }
  })

  it('and is read with GET alone', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      const token = house.issue()
      const proof = await house.prover.proof({ token, claims: { htm: method } })
      const answer = await raw(
        `${method} /open-banking/accounts HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: GET\r\nAuthorization: DPoP ${token}\r\nDPoP: ${proof}\r\nConnection: close\r\n\r\n`,
      )
      assert.match(answer, /^HTTP\/1\.1 405 /, method)
      assert.match(answer, /\r\nAllow: GET\r\n/i)
    }
    assert.match(await raw('GeT /open-banking/accounts HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 400 /)
    assert.deepEqual(house.bank.seen, [])
  })

  const head = 'GET /open-banking/accounts HTTP/1.1\r\nHost: x\r\n'
  const second = 'GET /open-banking/accounts/A-one HTTP/1.1\r\nHost: x\r\n\r\n'
  const smuggled: readonly (readonly [string, string])[] = [
    ['CL and TE', `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`],
    ['TE and CL', `${head}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${second}`],
    ['two TE', `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${second}`],
    ['TE with a tab', `${head}Transfer-Encoding:\tchunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n${second}`],
    ['TE misspelled', `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`],
    ['space before the colon', `${head}Content-Length : 5\r\n\r\nhello${second}`],
    ['folded header', `${head}X-A: b\r\n c\r\nContent-Length: 5\r\n y\r\n\r\nhello${second}`],
    ['two CL', `${head}Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello${second}`],
    ['CL with a plus', `${head}Content-Length: +5\r\n\r\nhello${second}`],
    ['negative CL', `${head}Content-Length: -1\r\n\r\n${second}`],
    ['CL in hex', `${head}Content-Length: 0x5\r\n\r\nhello${second}`],
    ['CL list', `${head}Content-Length: 5, 5\r\n\r\nhello${second}`],
    ['bare LF', `GET /open-banking/accounts HTTP/1.1\nHost: x\nContent-Length: 5\n\nhello${second}`],
    ['bare CR', `${head}X-A: b\rContent-Length: 5\r\n\r\nhello${second}`],
    ['NUL in a header', `${head}X-A: b\0c\r\n\r\n${second}`],
    ['a body on GET', `${head}Content-Length: 5\r\n\r\nhello${second}`],
    ['a chunked body on GET', `${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n${second}`],
    ['a chunk extension', `${head}Transfer-Encoding: chunked\r\n\r\n5;a="\r\nhello\r\n0\r\n\r\n${second}`],
    ['HTTP/3.0', `GET /open-banking/accounts HTTP/3.0\r\nHost: x\r\n\r\n${second}`],
  ]
  for (const [name, payload] of smuggled)
    it(`smuggling by ${name}: 400, closed, and nothing after it is heard`, async () => {
      const answer = await raw(payload)
      assert.match(answer, /^HTTP\/1\.1 400 /)
      assert.match(answer, /connection: close/i)
      assert.equal(answer.match(/HTTP\/1\.1 \d/g)?.length, 1)
    })

  it('two Authorization headers: 400', async () => {
    const token = house.issue()
    const proof = await house.prover.proof({ token })
    const reply = await call(house.port, '/open-banking/accounts', [
      ['authorization', `DPoP ${token}`],
      ['authorization', `Bearer ${token}`],
      ['dpop', proof],
    ])
    assert.deepEqual([reply.status, reply.json.error], [400, 'invalid_request'])
  })

  it('an Authorization header of any shape: 400 or 401, never an error of ours (threats B18)', async () => {
    const shapes = [
      'Bearer',
      'Bearer ',
      'DPoP',
      'DPoP  x',
      'Bearer\tx',
      'Bearer a b',
      'Bearer a,b',
      'Bearer =',
      ',',
      'Bearer x;y',
      'Bearer "x"',
      'DPoP a, Bearer b',
      'bearer: x',
      `Bearer ${'a'.repeat(9000)}`,
      'Bearer é',
      'Bearer \u00ff',
    ]
    for (const shape of shapes) await mustBeRefused(shape)
    const anything = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc.string({ unit: 'binary-ascii' }).map((rest) => `Bearer${rest}`),
      fc.string({ unit: 'binary-ascii' }).map((rest) => `DPoP ${rest}`),
    )
    await fc.assert(fc.asyncProperty(anything, mustBeRefused), { numRuns: 1000 })
  })

  async function mustBeRefused(shape: string): Promise<void> {
    // What HTTP itself forbids in a header never gets as far as the parser under test.
    const value = shape.replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    const reply = await call(house.port, '/open-banking/accounts', [
      ['authorization', value],
      ['dpop', 'x'],
    ])
    assert.ok(reply.status === 400 || reply.status === 401, `${reply.status} for ${JSON.stringify(value)}`)
  }

  /** Everything the server says until it closes; a server that keeps waiting is a failure by timeout. */
  async function raw(payload: string): Promise<string> {
    const socket = connect(house.port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', () => undefined)
    socket.write(payload, 'utf8')
    await once(socket, 'close')
    return answer
  }
})
