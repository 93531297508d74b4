import assert from 'node:assert/strict'
import { accountInWords } from '../../src/pages/account-words.ts'
import { brandStylesheet, checkBrand } from '../../src/pages/brand.ts'
import { contrast, lightenedFor } from '../../src/pages/contrast.ts'
import { datesIn } from '../../src/pages/dates.ts'
import { foreignLink, foreignName, placeInWords } from '../../src/pages/foreign-text.ts'
import { openFormTokens } from '../../src/pages/form-token.ts'
import { moneyInWords } from '../../src/pages/money.ts'
import { choiceOf, offerOf } from '../../src/pages/offer.ts'
import { openSealer } from '../../src/pages/sealed.ts'
import { account, brand, everyday, joint, kids, start, terms } from './test-bank.ts'

describe('money', () => {
  for (const [amount, currency, type, wanted] of [
    ['1204.11', 'GBP', 'current', '£1,204.11'],
    ['-12.50', 'GBP', 'current', '£12.50 overdrawn'],
    ['-250', 'EUR', 'credit-card', '€250.00 owed'],
    ['-0.00', 'GBP', 'current', '£0.00'],
    ['12345678901234567890.12', 'GBP', 'savings', '£12,345,678,901,234,567,890.12'],
    ['1500', 'JPY', 'current', 'JP¥1,500'],
    ['1.00', 'nonsense', 'current', '1.00 nonsense'],
    ['1e9', 'GBP', 'current', '1e9 GBP'],
  ] as const)
    it(`reads ${amount} ${currency} as ${wanted}`, () => {
      assert.equal(moneyInWords({ amount, currency }, type), wanted)
    })
})

describe('dates', () => {
  it('are written out with their zone', () => {
    const dates = datesIn('Europe/London')
    assert.equal(dates.moment(start), '22 November 2026, 15:04 (GMT)')
    assert.equal(dates.moment(new Date('2026-07-01T11:00:00Z')), '1 July 2026, 12:00 (BST)')
    assert.equal(dates.day(start), '22 November 2026')
    assert.equal(dates.time(start), '15:04')
  })
})

describe('accounts', () => {
  it('show four digits and no more', () => {
    const words = accountInWords(everyday.account)
    assert.equal(words.masked, '····4821')
    assert.doesNotMatch(JSON.stringify(words), /2000007308/)
  })

  it('say who else holds them and why they cannot be shared', () => {
    assert.equal(accountInWords(joint.account).heldWith, 'Joint account with Bob')
    assert.equal(accountInWords(kids.account).whyNot, 'Accounts for under-18s cannot be shared.')
    assert.equal(
      accountInWords(account('x', { shareable: false }).account).whyNot,
      'This account cannot be shared.',
    )
  })
})

describe('foreign text', () => {
  it('loses what cannot be seen or turns the line around', () => {
    assert.equal(foreignName('Bank\u202Eknab'), 'Bank knab')
    assert.equal(foreignName('A\u200bcme\u0000\n Budget '), 'A cme Budget')
    assert.equal(foreignName('\u200d\u2060'), 'This app')
    assert.equal([...foreignName('é'.normalize('NFD').repeat(500))].length, 64)
  })

  it('links only to web pages', () => {
    assert.equal(foreignLink('https://acme.example/x'), 'https://acme.example/x')
    assert.equal(foreignLink('http://localhost:3001/'), 'http://localhost:3001/')
    for (const bad of ['javascript:alert(1)', 'http://acme.example', 'data:text/html,x', '//acme', undefined])
      assert.equal(foreignLink(bad), undefined)
  })

  it('says where a journey leads', () => {
    assert.equal(placeInWords('https://acme.example:8443', 'Acme'), 'acme.example:8443')
    assert.equal(placeInWords('acme:', 'Acme'), 'Acme')
  })
})

describe('a brand', () => {
  it('must be readable', () => {
    assert.equal(contrast('#000000', '#ffffff'), 21)
    checkBrand({ ...brand, accentColour: '#0B5CAD' })
    assert.throws(() => checkBrand({ ...brand, accentColour: '#ffcc00' }), /contrast of 1\.5 on white/)
    assert.throws(() => checkBrand({ ...brand, accentColour: 'red;}body{display:none' }), /#rrggbb/)
    assert.throws(() => checkBrand({ ...brand, timeZone: 'Mars/Olympus' }), /time zone/)
  })

  it('stays readable in the dark', () => {
    assert.ok(contrast(lightenedFor('#10161c', '#003366'), '#10161c') >= 4.5)
    assert.match(brandStylesheet({ ...brand, accentColour: '#003366' }), /prefers-color-scheme:dark/)
    assert.equal(brandStylesheet(brand), '')
  })
})

describe('a form token', () => {
  const tokens = openFormTokens(Buffer.alloc(32, 7))
  const binding = { subject: 'uid', step: 'accounts', shown: { terms, accounts: ['a'] } }

  it('is good for what it was made for, and for nothing else', () => {
    const token = tokens.make(binding)
    assert.equal(tokens.check(token, { ...binding, shown: structuredClone(binding.shown) }), 'genuine')
    assert.equal(tokens.check(token, { ...binding, shown: { terms, accounts: ['a', 'b'] } }), 'outdated')
    assert.equal(tokens.check(token, { ...binding, step: 'login' }), 'forged')
    assert.equal(tokens.check(token, { ...binding, subject: 'other' }), 'forged')
    assert.equal(openFormTokens(Buffer.alloc(32, 8)).check(token, binding), 'forged')
    assert.equal(tokens.check(undefined, binding), 'forged')
  })
})

describe('what is sealed for the browser', () => {
  it('opens at its place, in its time, unchanged, and not otherwise', () => {
    const sealer = openSealer(Buffer.alloc(32, 1), 'test')
    const until = new Date(start.getTime() + 1000)
    const sealed = sealer.seal('/login', { login: '1234567890' }, until)
    assert.deepEqual(sealer.open('/login', sealed, start), { login: '1234567890' })
    assert.equal(sealer.open('/other', sealed, start), undefined)
    assert.equal(sealer.open('/login', sealed, until), undefined)
    assert.equal(sealer.open('/login', `${sealed.slice(0, -4)}AAAA`, start), undefined)
    assert.equal(sealer.open('/login', 'x', start), undefined)
    assert.equal(openSealer(Buffer.alloc(32, 1), 'else').open('/login', sealed, start), undefined)
    assert.doesNotMatch(sealed, /1234567890/)
  })
})

describe('an offer', () => {
  it('never lets a choice reach beyond it', () => {
    const offer = offerOf(terms, [everyday, kids])
    assert.equal(choiceOf(offer, ['acc-everyday', 'acc-everyday']).kind, 'chosen')
    assert.equal(choiceOf(offer, []).kind, 'none-chosen')
    assert.equal(choiceOf(offer, ['acc-kids']).kind, 'not-offered')
    assert.equal(choiceOf(offerOf(terms, [kids]), []).kind, 'not-offered')
    assert.equal(choiceOf(offerOf({ ...terms, permissions: [] }, []), ['acc-everyday']).kind, 'not-offered')
  })
})
