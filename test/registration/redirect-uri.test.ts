import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import { chooseRedirectUris } from '../../src/registration/redirect-uri.ts'

/** Even when the directory itself vouches for it. */
const refusal = (uri: string, loopback = false) => {
  try {
    chooseRedirectUris([uri], [uri], loopback)
  } catch (error) {
    assert(error instanceof Problem)
    assert.equal(error.code, 'invalid-redirect-uri')
    assert(error.message.length < 200)
    return error.message
  }
  return undefined
}

const bad = [
  '',
  'callback',
  '//acme.example/cb',
  'http://acme.example/cb',
  'ftp://acme.example/cb',
  'acme:/cb',
  'javascript:alert(1)',
  'data:text/html,x',
  'https:acme.example/cb',
  'https:///acme.example/cb',
  'https://',
  'https://acme.example/cb#',
  'https://acme.example/cb#a',
  'https://user@acme.example/cb',
  'https://user:pw@acme.example/cb',
  'https://@acme.example/cb',
  'https://acme.example@evil.example/cb',
  'https://*.acme.example/cb',
  'https://acme.example/*',
  'https://acme.example\\@evil.example/cb',
  'https://acme.example/\\evil',
  'https://ACME.example/cb',
  'HTTPS://acme.example/cb',
  'https://acme.example:443/cb',
  'https://bücher.example/cb',
  'https://acme.example/a/../cb',
  'https://acme.example/./cb',
  'https://acme.example/%2e%2e/cb',
  'https://acme.example/..',
  'https://acme.example/c b',
  ' https://acme.example/cb',
  'https://acme.example/cb\n',
  'https://acme.example/\u0000',
  'https://acme.example/é',
  'https://acme.example/"><script>',
  'https://2130706433/cb',
  'https://0x7f.1/cb',
  'https://acme%2eexample/cb',
  'http://localhost:3000/cb',
  `https://acme.example/${'a'.repeat(240)}`,
]

describe('a redirect URI', () => {
  for (const uri of bad)
    it(`is refused when it is ${JSON.stringify(uri).slice(0, 60)}`, () =>
      assert.notEqual(refusal(uri), undefined))

  it('is taken when it is plain', () => {
    for (const uri of [
      'https://acme.example',
      'https://acme.example/',
      'https://acme.example/cb?x=1&y=%20',
      'https://acme.example:8443/a/b',
      'https://xn--bcher-kva.example/cb',
      `https://acme.example/${'a'.repeat(230)}`,
    ])
      assert.equal(refusal(uri), undefined, uri)
  })

  it('may be http on this machine in the demo, and on no other', () => {
    for (const uri of ['http://localhost:3000/cb', 'http://127.0.0.1:3000/cb', 'http://[::1]:3000/cb'])
      assert.equal(refusal(uri, true), undefined, uri)
    for (const uri of [
      'http://localhost.evil.example/cb',
      'http://127.0.0.2/cb',
      'http://10.0.0.1/cb',
      'http://acme.example/cb',
      'http://localhost@evil.example/cb',
      'http://LOCALHOST:3000/cb',
      'http://2130706433:3000/cb',
      'http://[::ffff:7f00:1]/cb',
    ])
      assert.notEqual(refusal(uri, true), undefined, uri)
  })
})

describe('the redirect URIs of a client', () => {
  const vouched = ['https://acme.example/a', 'https://acme.example/b']

  it('are all that the directory vouches for when none is asked for', () => {
    assert.deepEqual(chooseRedirectUris(undefined, vouched, false), vouched)
    assert.deepEqual(chooseRedirectUris(null, vouched, false), vouched)
  })

  it('are those asked for, in that order, when the directory vouches for each of them', () => {
    assert.deepEqual(chooseRedirectUris(['https://acme.example/b'], vouched, false), [
      'https://acme.example/b',
    ])
  })

  it('are refused when one is not in the statement byte for byte', () => {
    for (const uri of [
      'https://acme.example/c',
      'https://acme.example/a/',
      'https://acme.example/a?',
      'https://acme.example/%61',
    ])
      assert.throws(
        () => chooseRedirectUris([...vouched, uri], vouched, false),
        { code: 'invalid-redirect-uri' },
        uri,
      )
  })

  it('are refused when they are none, too many, twice the same, or no texts', () => {
    const many = Array.from({ length: 21 }, (_, i) => `https://acme.example/${i}`)
    for (const asked of [
      [],
      many,
      ['https://acme.example/a', 'https://acme.example/a'],
      [1],
      'https://acme.example/a',
      {},
    ])
      assert.throws(() => chooseRedirectUris(asked, [...vouched, ...many], false), {
        code: 'invalid-redirect-uri',
      })
    assert.throws(() => chooseRedirectUris(undefined, many, false), { code: 'invalid-redirect-uri' })
  })
})
