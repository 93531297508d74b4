import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import { examine, findingsJson, renderFindings } from '../../src/operations/doctor.ts'

const fine = { name: 'Database', examine: async () => 'PostgreSQL 18, 12 tables', fix: 'Start it.' }
const broken = {
  name: 'Signing key',
  examine: () => Promise.reject(new Problem('unavailable', 'No key for PS256.')),
  fix: 'Run `postern keys create`.',
}

describe('the doctor', () => {
  it('examines everything, in order, whatever is wrong on the way', async () => {
    const findings = await examine([broken, fine])
    assert.deepEqual(findings, [
      { name: 'Signing key', ok: false, detail: 'No key for PS256.', fix: 'Run `postern keys create`.' },
      { name: 'Database', ok: true, detail: 'PostgreSQL 18, 12 tables' },
    ])
  })

  it('shows a line per finding and the next step for what is wrong', async () => {
    assert.equal(
      renderFindings(await examine([fine, broken])),
      '✔ Database: PostgreSQL 18, 12 tables\n✘ Signing key: No key for PS256.\n    → Run `postern keys create`.\n\n1 of 2 need attention.',
    )
    assert.match(renderFindings(await examine([fine])), /Everything is in order\.$/)
  })

  it('says the same in JSON', async () => {
    assert.deepEqual(JSON.parse(findingsJson(await examine([fine]))), {
      ok: true,
      findings: [{ name: 'Database', ok: true, detail: 'PostgreSQL 18, 12 tables' }],
    })
    assert.equal(JSON.parse(findingsJson(await examine([broken]))).ok, false)
  })

  it('survives a check that throws at once, or throws what is no error', async () => {
    const findings = await examine([
      {
        ...fine,
        examine: () => {
          throw new Error('at once')
        },
      },
      { ...fine, examine: () => Promise.reject('a text') },
      { ...fine, examine: () => Promise.reject(new AggregateError([new Error('x')])) },
    ])
    assert.deepEqual(
      findings.map(({ detail }) => detail),
      ['at once', 'failed', 'AggregateError'],
    )
  })

  it("hides secrets in a driver's words and keeps a finding on its line", async () => {
    const text = renderFindings(
      await examine([
        {
          ...fine,
          examine: () => Promise.reject(new Error(`bad\n\x1b[2Jkey ${'k'.repeat(43)} of 12345678`)),
        },
      ]),
    )
    assert.match(text, /✘ Database: bad \[2Jkey \[secret\] of \[number\]\n/)
  })
})
