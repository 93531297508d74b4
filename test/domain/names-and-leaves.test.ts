import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { canonicalJson, leafHash } from '../../src/domain/audit-event.ts'
import { readableName } from '../../src/domain/third-party.ts'

describe('a name as a customer reads it (threats C6)', () => {
  const cleaned: Readonly<Record<string, string>> = {
    'Acme Budget': 'Acme Budget',
    'Bank\u202eknab': 'Bank knab',
    'Mer\u200bid\u200dian': 'Mer id ian',
    'two\r\nlines\u2028and\u2029more': 'two lines and more',
    '  too   many\t\tspaces ': 'too many spaces',
    'Cafe\u0301': 'Caf\u00e9',
    '\u2066\u2069\u0000\u001b': '',
    '\ufeffmark': 'mark',
    'tag\u{e0041}ged': 'tag ged',
  }
  for (const [name, shown] of Object.entries(cleaned))
    it(`turns ${JSON.stringify(name)} into ${JSON.stringify(shown)}`, () =>
      assert.equal(readableName(name), shown))

  it('has at most 64 characters, none of them half', () => {
    assert.equal([...readableName('\u{1f99c}'.repeat(500))].length, 64)
    assert.doesNotMatch(readableName('\u{1f99c}'.repeat(500)), /[\ud800-\udbff]$/)
  })

  it('never holds a control, format or line character, and cleaning it again changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (name) => {
        const shown = readableName(name)
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]|^\s|\s$|\s\s/u)
        assert.ok([...shown].length <= 64)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the canonical form of an audit row (RFC 8785)', () => {
  it('does not depend on the order in which members were written, at any depth', () => {
    const value = { b: [1, { y: null, x: true }], a: 'é"\n', '10': 1, '9': 2 }
    assert.equal(canonicalJson(value), '{"10":1,"9":2,"a":"é\\"\\n","b":[1,{"x":true,"y":null}]}')
  })

  it('sorts names by UTF-16 code units, as the RFC asks', () => {
    assert.equal(canonicalJson({ '\ufb33': 1, '\u{1f600}': 2, z: 3 }), '{"z":3,"\u{1f600}":2,"\ufb33":1}')
  })

  it('leaves out what is undefined', () => assert.equal(canonicalJson({ a: undefined, b: 1 }), '{"b":1}'))

  it('refuses numbers that are written in more than one way', () => {
    for (const number of [0.1, 1e21, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      assert.throws(() => canonicalJson({ number }), TypeError)
  })

  it('is JSON that says the same, and the same for the same', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof(
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.maxSafeInteger(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
      ),
    })).value
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalJson(value)
        assert.equal(canonicalJson(JSON.parse(text)), text)
        assert.equal(JSON.stringify(JSON.parse(text)), JSON.stringify(JSON.parse(canonicalJson(value))))
      }),
    )
  })
})

describe('the leaf of an audit row (RFC 6962 §2.1)', () => {
  it('of nothing is the published hash of an empty leaf', () => {
    // The known value of SHA-256(0x00), as every transparency log has it.
    const known = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
    assert.equal(leafHash('').toString('hex'), known)
  })

  it('is not the hash of its text alone: a node of the tree can never pass for a leaf', () => {
    const text = '{"a":1}'
    assert.notDeepEqual(leafHash(text), createHash('sha256').update(text).digest())
    assert.notDeepEqual(leafHash(text), createHash('sha256').update(`\u0001${text}`).digest())
  })
})
