import assert from 'node:assert/strict'
import { readableText, readHtml, unescapeHtml } from '../support/html.ts'
import { readForms } from '../support/html-form.ts'

const page = `<!doctype html><html lang="en"><head><title>Share</title><style>p > b { }</style></head><body>
<!-- <form id="ghost"><input name="ghost"></form> -->
<h1>Share with Acme &amp; Sons?</h1><p>It ends <b>tomorrow</b>.</p>
<form id="consent" method="post" action="/interaction/abc/accounts?x=1&amp;y=2">
  <input type=hidden name="csrf" value="a&quot;b">
  <input type="checkbox" id="acc-1" name="accounts" value="A1"><label for="acc-1">Everyday <span aria-hidden="true"><span>····</span>4821</span><span>ending 4821</span></label>
  <input type="checkbox" id="acc-2" name="accounts" value="A2" checked><label for="acc-2">Rainy-day</label>
  <input type="checkbox" id="acc-3" name="accounts" value="A3" disabled>
  <input type="radio" name="how" value="once"><input type="radio" name="how" value="always" checked>
  <select name="months"><option value="3">Three</option><option selected>6</option><option value=12>Twelve</select>
  <textarea name="why">two &lt; three</textarea>
  <button id="consent-allow" name="decision" value="allow">Share with Acme</button>
  <button type="button" id="help">Help</button>
</form>
<button form="consent" id="consent-deny" formaction="/interaction/abc/cancel">Do not share</button>
<form id="search"><input name="q" value="it's > that"><input type="submit" id="go" value="Go"></form>
<script>document.write("<form id='fake'>")</script></body></html>`

const forms = readForms(readHtml(page))
const [consent, search] = forms

describe('the scripted page reader', () => {
  it('finds the forms that a person sees, not those in comments or scripts', () => {
    assert.deepEqual(
      forms.map((form) => [form.id, form.method, form.action]),
      [
        ['consent', 'POST', '/interaction/abc/accounts?x=1&y=2'],
        ['search', 'GET', ''],
      ],
    )
  })

  it('reads every kind of field with its value, label and state', () => {
    assert.deepEqual(
      consent?.fields.map(({ name, kind, value, checked, disabled }) => [
        name,
        kind,
        value,
        checked,
        disabled,
      ]),
      [
        ['csrf', 'hidden', 'a"b', false, false],
        ['accounts', 'checkbox', 'A1', false, false],
        ['accounts', 'checkbox', 'A2', true, false],
        ['accounts', 'checkbox', 'A3', false, true],
        ['how', 'radio', 'once', false, false],
        ['how', 'radio', 'always', true, false],
        ['months', 'select', '6', false, false],
        ['why', 'text', 'two < three', false, false],
      ],
    )
    assert.equal(consent?.fields[1]?.label, 'Everyday ending 4821')
    assert.deepEqual(consent?.fields[6]?.options, ['3', '6', '12'])
  })

  it('ties buttons to their form, by nesting or by the form attribute, and leaves out those that do nothing', () => {
    assert.deepEqual(
      consent?.buttons.map(({ id, label, formAction }) => [id, label, formAction]),
      [
        ['consent-allow', 'Share with Acme', undefined],
        ['consent-deny', 'Do not share', '/interaction/abc/cancel'],
      ],
    )
  })

  it('is not confused by an angle bracket inside quotes', () => {
    assert.equal(search?.fields[0]?.value, "it's > that")
    assert.equal(search?.buttons[0]?.label, 'Go')
  })

  it('reads the words of the page and nothing else', () => {
    const text = readableText(
      readHtml('<head><title>no</title></head><h1>Share?</h1><p>It ends <b>now</b>.</p>'),
    )
    assert.equal(text, 'Share? It ends now.')
  })

  it('resolves character references and leaves unknown ones alone', () => {
    assert.equal(
      unescapeHtml('&lt;&#39;&#x27;&#128512;&amp;lt; &unknown; &#0;'),
      "<''😀&lt; &unknown; \ufffd",
    )
  })
})
