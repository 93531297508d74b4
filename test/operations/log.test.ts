import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type LogFields, openLog } from '../../src/operations/log.ts'

const NOW = new Date('2026-06-01T10:00:00.123Z')

function open(level: 'debug' | 'info' | 'warn' | 'error' = 'debug', key = Buffer.alloc(32, 1)) {
  const lines: string[] = []
  return { lines, log: openLog({ write: (line) => lines.push(line), hmacKey: key, level, now: () => NOW }) }
}

const names = [
  'door',
  'route',
  'method',
  'interactionId',
  'clientId',
  'reference',
  'error',
  'reason',
  'message',
  'stack',
  'name',
  'url',
  'token',
] as const

describe('the log', () => {
  it('writes one line of JSON per event', () => {
    const { log, lines } = open()
    log.info('request', {
      door: 'token',
      route: '/token',
      method: 'POST',
      status: 200,
      ms: 12.5,
      clientId: 'acme',
    })
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [
        {
          time: NOW.toISOString(),
          level: 'info',
          event: 'request',
          door: 'token',
          route: '/token',
          method: 'POST',
          status: 200,
          ms: 12.5,
          clientId: 'acme',
        },
      ],
    )
  })

  it('stays one parseable, printable ASCII line whatever stands in a field', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.string({ unit: 'binary' }),
        (name, value, event) => {
          const { log, lines } = open()
          log.warn(event, { [name]: value })
          assert.equal(lines.length, 1)
          assert.match(lines[0] ?? '', /^[\x20-\x7e]+$/)
          const line = JSON.parse(lines[0] ?? '')
          assert.equal(line.event, event)
          assert.equal(typeof line[name], 'string')
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('cannot be made to write a second line, move a cursor or turn the text around', () => {
    const { log, lines } = open()
    for (const trick of [
      '\r\n{"event":"forged"}',
      '\u2028',
      '\u2029',
      '\u0085',
      '\x1b[2J',
      '\x9b2J',
      '\u202e',
      '\x7f',
      '\0',
      '\ud800',
    ])
      log.info(trick, { interactionId: `a${trick}b` })
    for (const line of lines) assert.match(line, /^[\x20-\x7e]+$/)
    assert.equal(JSON.parse(lines[1] ?? '').interactionId, 'a\u2028b')
  })

  it('drops every field that it does not know', () => {
    const { log, lines } = open()
    const fields = {
      authorization: 'Bearer x',
      cookie: 'x',
      code: 'x',
      body: {},
      constructor: 'x',
      __proto__: { status: 1 },
      status: 200,
    }
    log.info('request', fields as LogFields)
    assert.deepEqual(Object.keys(JSON.parse(lines[0] ?? '')), ['time', 'level', 'event', 'status'])
  })

  it('writes no objects, functions or missing values', () => {
    const { log, lines } = open()
    log.info('request', {
      reason: { secret: 1 },
      error: () => 1,
      status: undefined,
      name: null,
      port: 1,
    } as unknown as LogFields)
    assert.deepEqual(Object.keys(JSON.parse(lines[0] ?? '')), ['time', 'level', 'event', 'port'])
  })

  it('hides what looks like a secret in a composed text', () => {
    const { log, lines } = open()
    const secrets = [
      'eyJhbGciOiJQUzI1NiJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl',
      'Zk3vBn6zqYw0hJm1mS8yq2bX7pR4tU5cE9dL0aG2fKo',
      'a'.repeat(64),
      'GB29NWBK60161331926819',
      'DE89370400440532013000',
      '4929123456781234',
      '31926819',
    ]
    for (const name of ['reason', 'message', 'stack', 'error', 'url', 'route'] as const)
      for (const secret of secrets) log.error('fault', { [name]: `it said ${secret}, at once` })
    const pem = '-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabc\n-----END PRIVATE KEY-----'
    log.error('fault', { message: `cannot read ${pem}` })
    log.error('fault', { route: '/authorize?code=short&state=x', url: 'https://a.example/cb?code=short' })
    for (const line of lines) {
      for (const secret of secrets) assert(!line.includes(secret), line)
      assert.doesNotMatch(line, /MIIEvQ|short|eyJ/)
    }
  })

  it('hides a secret of which the length limit would leave a piece', () => {
    const { log, lines } = open()
    log.error('fault', { message: `${' '.repeat(4090)}${'s'.repeat(43)}` })
    // Many secrets that shrink to one word each bring what the first cut left over to the front.
    log.error('fault', { message: `${`${'a'.repeat(1000)} `.repeat(16)}${' '.repeat(348)}${'s'.repeat(43)}` })
    for (const line of lines) assert.doesNotMatch(line, /sss/)
  })

  it('leaves ids, codes and places in the source readable', () => {
    const { log, lines } = open()
    const reason =
      'consent 0190a7c2-6d0e-7cc1-a1b2-c3d4e5f60718 expired at src/domain/consent.ts:123:45 (wrong-state)'
    log.info('refused', { reason })
    assert.equal(JSON.parse(lines[0] ?? '').reason, reason)
  })

  it('shortens a field that is too long', () => {
    const { log, lines } = open()
    log.info('a'.repeat(100_000), { message: 'a b '.repeat(100_000), clientId: 'c'.repeat(100_000) })
    assert((lines[0] ?? '').length < 13_000)
  })

  it('is silent below its level', () => {
    const { log, lines } = open('warn')
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).event),
      ['c', 'd'],
    )
  })

  it('knows a token again by a fingerprint that depends on the key and is no part of the token', () => {
    const one = open().log
    const other = open('debug', Buffer.alloc(32, 2)).log
    assert.match(one.fingerprint('token'), /^[0-9a-f]{16}$/)
    assert.equal(one.fingerprint('token'), one.fingerprint('token'))
    assert.notEqual(one.fingerprint('token'), one.fingerprint('token2'))
    assert.notEqual(one.fingerprint('token'), other.fingerprint('token'))
    assert.throws(() => open('debug', Buffer.alloc(31)), RangeError)
  })
})
