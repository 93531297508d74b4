import assert from 'node:assert/strict'
import { CookieJar, readCookie } from '../support/cookie-jar.ts'

const bank = new URL('https://auth.bank.test/interaction/abc/login')
const local = new URL('http://localhost:3000/interaction/abc/login')

function sentTo(jar: CookieJar, url: string, options: { sameSite?: boolean; method?: string } = {}) {
  return jar.header({ url: new URL(url), sameSite: true, method: 'GET', ...options })
}

describe('the scripted cookie jar', () => {
  it('keeps a __Host- cookie only when it is Secure, for the whole host, and of no domain', () => {
    assert.equal(typeof readCookie(bank, '__Host-sid=1; Path=/; Secure; HttpOnly', 0), 'object')
    assert.match(String(readCookie(bank, '__Host-sid=1; Path=/', 0)), /without Secure/)
    assert.match(String(readCookie(bank, '__Host-sid=1; Path=/interaction; Secure', 0)), /without Path/)
    assert.match(String(readCookie(bank, '__Host-sid=1; Path=/; Secure; Domain=bank.test', 0)), /with Domain/)
    assert.match(String(readCookie(bank, '__host-sid=1; Path=/', 0)), /without Secure/)
  })

  it('keeps a __Secure- cookie only when it is Secure', () => {
    assert.equal(typeof readCookie(bank, '__Secure-ia=1; Path=/x; Secure', 0), 'object')
    assert.match(String(readCookie(bank, '__Secure-ia=1; Path=/x', 0)), /without Secure/)
  })

  it('refuses Secure cookies of plain http, localhost included, and SameSite=None without Secure', () => {
    assert.match(String(readCookie(local, 'a=1; Secure', 0)), /without TLS/)
    assert.match(String(readCookie(bank, 'a=1; SameSite=None', 0)), /without Secure/)
  })

  it('sends a cookie below its path only, and takes the folder of the page when no path is given', () => {
    const jar = new CookieJar()
    jar.store(bank, ['given=1; Path=/interaction/abc', 'folder=1', 'root=1; Path=/'])
    assert.equal(sentTo(jar, 'https://auth.bank.test/interaction/abc'), 'given=1; folder=1; root=1')
    assert.equal(sentTo(jar, 'https://auth.bank.test/interaction/abc/sca'), 'given=1; folder=1; root=1')
    assert.equal(sentTo(jar, 'https://auth.bank.test/interaction/abcd'), 'root=1')
  })

  it('does not tell ports apart, but hosts and, for Secure cookies, TLS', () => {
    const jar = new CookieJar()
    jar.store(bank, ['s=1; Path=/; Secure', 'p=1; Path=/'])
    assert.equal(sentTo(jar, 'https://auth.bank.test:8443/'), 's=1; p=1')
    assert.equal(sentTo(jar, 'http://auth.bank.test/'), 'p=1')
    assert.equal(sentTo(jar, 'https://evil.bank.test/'), undefined)
    assert.equal(sentTo(jar, 'https://a.auth.bank.test/'), undefined)
  })

  it('sends a domain cookie to the hosts below, and refuses one for a stranger or a whole suffix', () => {
    const jar = new CookieJar()
    jar.store(bank, ['d=1; Path=/; Domain=.bank.test', 'e=1; Domain=evil.test', 'f=1; Domain=test'])
    assert.equal(sentTo(jar, 'https://other.bank.test/'), 'd=1')
    assert.equal(sentTo(jar, 'https://xbank.test/'), undefined)
    assert.equal(jar.refusals.length, 2)
  })

  it('sends Lax cookies to a link from another site, not to its form post; Strict ones to neither', () => {
    const jar = new CookieJar()
    jar.store(bank, [
      'lax=1; Path=/; SameSite=Lax',
      'unsaid=1; Path=/',
      'strict=1; Path=/; SameSite=Strict',
      'none=1; Path=/; SameSite=None; Secure',
    ])
    const url = 'https://auth.bank.test/'
    assert.equal(sentTo(jar, url), 'lax=1; unsaid=1; strict=1; none=1')
    assert.equal(sentTo(jar, url, { sameSite: false }), 'lax=1; unsaid=1; none=1')
    assert.equal(sentTo(jar, url, { sameSite: false, method: 'POST' }), 'none=1')
  })

  it('forgets a cookie that is set again in the past, and lets Max-Age win over Expires', () => {
    let now = new Date('2026-11-22T15:00:00Z')
    const jar = new CookieJar(() => now)
    jar.store(bank, ['a=1; Path=/', 'b=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])
    assert.equal(sentTo(jar, bank.href), 'a=1; b=1')
    jar.store(bank, ['a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'])
    assert.equal(sentTo(jar, bank.href), 'b=1')
    now = new Date('2026-11-22T15:01:00Z')
    assert.equal(sentTo(jar, bank.href), undefined)
  })

  it('replaces a cookie in its place, and never a Secure one from plain http', () => {
    const jar = new CookieJar()
    jar.store(bank, ['a=1; Path=/; Secure', 'b=1; Path=/'])
    jar.store(new URL('http://auth.bank.test/'), ['a=evil; Path=/', 'b=2; Path=/'])
    assert.equal(sentTo(jar, bank.href), 'a=1; b=2')
    jar.store(bank, ['a=2; Path=/; Secure'])
    assert.equal(sentTo(jar, bank.href), 'a=2; b=2')
  })

  it('keeps a value with equals signs whole, and ignores a line without a name', () => {
    const jar = new CookieJar()
    jar.store(bank, ['token=a=b==; Path=/', '=x; Path=/', 'nothing'])
    assert.equal(sentTo(jar, bank.href), 'token=a=b==')
  })
})
