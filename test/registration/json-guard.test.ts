import assert from 'node:assert/strict'
import fc from 'fast-check'
import { JsonRefused, parseJson } from '../../src/registration/json-guard.ts'

const bytes = (text: string) => Buffer.from(text, 'utf8')
const refusal = (text: string | Uint8Array) => {
  try {
    parseJson(typeof text === 'string' ? bytes(text) : text)
  } catch (error) {
    assert(error instanceof JsonRefused)
    return error.message
  }
  return undefined
}

describe('the JSON guard', () => {
  it('reads every honest JSON text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const honest = !text.includes('"__proto__":')
        if (honest) assert.deepEqual(parseJson(bytes(text)), JSON.parse(text))
        else assert.notEqual(refusal(text), undefined)
      }),
      { numRuns: 1000 },
    )
  })

  it('throws nothing but its own refusal, whatever the bytes', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      '"a"',
      '"a":1',
      '1',
      ' ',
      'null',
      '\u2028',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.array(pieces).map((p) => bytes(p.join(''))),
        ),
        (input) => {
          refusal(input)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('refuses a member that is there twice, at any depth and however it is spelt', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 15 }), (name, depth) => {
        const escaped = [...name]
          .map((c) =>
            [...Array(c.length).keys()]
              .map((i) => `\\u${c.charCodeAt(i).toString(16).padStart(4, '0')}`)
              .join(''),
          )
          .join('')
        const twice = `{${JSON.stringify(name)}:1,"${escaped}":2}`
        assert.notEqual(refusal(`${'[{"x":'.repeat(depth / 2)}${twice}${'}]'.repeat(depth / 2)}`), undefined)
      }),
    )
  })

  it('takes one name in two objects, and braces inside of strings', () => {
    assert.equal(refusal('[{"a":1},{"a":{"a":"}{\\"a\\":[1]"}}]'), undefined)
  })

  it('refuses __proto__ in every spelling and leaves Object.prototype alone', () => {
    assert.notEqual(refusal('{"__proto__":{"polluted":1}}'), undefined)
    assert.notEqual(refusal('{"a":[{"\\u005f_proto__":1}]}'), undefined)
    assert.equal(Reflect.get({}, 'polluted'), undefined)
  })

  it('takes 20 levels and refuses 21, and 30,000 within 100 ms', () => {
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
    assert.equal(refusal(nested(20)), undefined)
    assert.equal(refusal(nested(21)), 'it is nested deeper than 20')
    const started = performance.now()
    assert.notEqual(refusal(nested(30_000)), undefined)
    assert(performance.now() - started < 100)
  })

  it('reads a long string of backslashes and quotes in linear time', () => {
    const started = performance.now()
    assert.equal(refusal(`{"a":"${'\\\\\\"'.repeat(16_000)}"}`), undefined)
    assert(performance.now() - started < 100)
  })

  it('refuses what is not UTF-8, a byte order mark, and an empty text', () => {
    assert.equal(refusal(Uint8Array.of(0x22, 0xff, 0x22)), 'it is not UTF-8')
    assert.notEqual(refusal('\ufeff{}'), undefined)
    assert.notEqual(refusal(''), undefined)
  })

  it('repeats nothing of the text in its message', () => {
    assert.equal(refusal('{"secret-value": oops}')?.includes('secret'), false)
  })
})
