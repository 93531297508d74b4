import assert from 'node:assert/strict'
import { formMayGo, isTrustworthy, originFor, refererFor, referrerPolicy, relation } from '../support/site.ts'

const bank = new URL('https://auth.bank.test/interaction/abc?x=1#top')
const api = new URL('https://api.bank.test/')
const acme = new URL('https://acme.test/callback?code=1')

describe('the scripted browser, about sites', () => {
  it('tells same origin, same site and cross site apart, the scheme included', () => {
    assert.equal(relation(undefined, bank), 'none')
    assert.equal(relation(bank, new URL('https://auth.bank.test/auth')), 'same-origin')
    assert.equal(relation(bank, api), 'same-site')
    assert.equal(relation(bank, acme), 'cross-site')
    assert.equal(relation(bank, new URL('http://auth.bank.test/')), 'cross-site')
    assert.equal(relation(new URL('http://localhost:1/'), new URL('http://localhost:2/')), 'same-site')
    assert.equal(relation(new URL('http://127.0.0.1/'), new URL('http://128.0.0.1/')), 'cross-site')
  })

  it('sends fetch metadata to https and localhost only', () => {
    assert.equal(isTrustworthy(bank), true)
    assert.equal(isTrustworthy(new URL('http://localhost:3000/')), true)
    assert.equal(isTrustworthy(new URL('http://bank.test/')), false)
  })

  it('says Origin: null on a form post of a no-referrer page, and the origin under same-origin', () => {
    assert.equal(originFor('no-referrer', bank, bank), 'null')
    assert.equal(originFor('same-origin', bank, bank), 'https://auth.bank.test')
    assert.equal(originFor('same-origin', bank, acme), 'null')
    assert.equal(originFor('strict-origin-when-cross-origin', bank, acme), 'https://auth.bank.test')
  })

  it('sends the referrer as the policy says, and never the fragment', () => {
    const whole = 'https://auth.bank.test/interaction/abc?x=1'
    assert.equal(refererFor('same-origin', bank, bank), whole)
    assert.equal(refererFor('same-origin', bank, acme), undefined)
    assert.equal(refererFor('no-referrer', bank, bank), undefined)
    assert.equal(refererFor('strict-origin-when-cross-origin', bank, bank), whole)
    assert.equal(refererFor('strict-origin-when-cross-origin', bank, acme), 'https://auth.bank.test/')
    const plain = new URL('http://acme.test/')
    assert.equal(refererFor('strict-origin-when-cross-origin', bank, plain), undefined)
  })

  it('takes the last referrer policy it knows', () => {
    assert.equal(referrerPolicy('no-referrer, same-origin, future-policy'), 'same-origin')
    assert.equal(referrerPolicy(undefined), 'strict-origin-when-cross-origin')
  })

  it('lets a form go only where form-action allows', () => {
    const own = "default-src 'none'; form-action 'self'"
    assert.equal(formMayGo(own, bank, bank), true)
    assert.equal(formMayGo(own, bank, acme), false)
    assert.equal(formMayGo(`${own} https://acme.test`, bank, acme), true)
    assert.equal(formMayGo(`${own} https://acme.test, form-action 'none'`, bank, acme), false)
    assert.equal(formMayGo("default-src 'none'", bank, acme), true)
  })
})
