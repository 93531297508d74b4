import assert from 'node:assert/strict'
import { Narrator, shownUrl } from '../support/narrator.ts'

describe('the narrator of a journey', () => {
  it('shortens what is random in a URL and leaves the rest readable', () => {
    assert.equal(
      shownUrl('https://bank.test/interaction/yk2SnjQxR7tZp0aVbWcD/login?state=AbCdEfGhIjKlMnOp&iss=a'),
      'https://bank.test/interaction/yk2Snj…/login?state=AbCdEf…&iss=a',
    )
    const plain = 'https://bank.test/.well-known/oauth-authorization-server'
    assert.equal(shownUrl(plain), plain)
  })

  it('tells a step that fails as one that failed, and lets the fault through', async () => {
    const lines: string[] = []
    const narrator = new Narrator((line) => lines.push(line))
    await narrator.step(
      'First',
      async () => 1,
      (one) => ({ one }),
    )
    const failing = narrator.step('Second', async () => {
      throw new Error('no')
    })
    await assert.rejects(failing, /no/)
    assert.deepEqual(
      lines.map((line) => line.trim().replace(/\s+/g, ' ')),
      ['✔ 1 First', 'one 1', '✘ 2 Second'],
    )
    assert.deepEqual(
      narrator.told.map(({ step, ok }) => [step, ok]),
      [
        [1, true],
        [2, false],
      ],
    )
  })
})
