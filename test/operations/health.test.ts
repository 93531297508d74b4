import assert from 'node:assert/strict'
import { Problem } from '../../src/domain/problem.ts'
import { type OperationsListener, openOperationsListener } from '../../src/operations/health.ts'
import { openMetrics } from '../../src/operations/metrics.ts'

describe('the operations listener', () => {
  let listener: OperationsListener | undefined

  async function open(checks: Record<string, () => Promise<void>>, checkMs = 100): Promise<string> {
    listener = openOperationsListener({
      port: 0,
      host: '127.0.0.1',
      checks,
      checkMs,
      metrics: openMetrics({ processMetrics: false }),
    })
    return `http://127.0.0.1:${await listener.start()}`
  }
  afterEach(() => listener?.close())

  it('says that the process is alive, whatever else is wrong', async () => {
    const url = await open({ database: () => Promise.reject(new Error('down')) })
    assert.equal((await fetch(`${url}/health/alive`)).status, 200)
  })

  it('says that the process is ready when every part is', async () => {
    const answer = await fetch(
      `${await open({ database: async () => {}, keys: async () => {} })}/health/ready`,
    )
    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { status: 'ready' })
    assert.equal(answer.headers.get('cache-control'), 'no-store')
  })

  it('says what is not ready, in our own sentences only', async () => {
    const url = await open({
      database: () =>
        Promise.reject(new Error('password authentication failed for user "postern" at db.internal')),
      keys: () => Promise.reject(new Problem('unavailable', 'The signing key does not answer.')),
      bank: () => new Promise(() => {}),
      store: async () => {},
    })
    const answer = await fetch(`${url}/health/ready`)
    assert.equal(answer.status, 503)
    assert.deepEqual(await answer.json(), {
      status: 'not ready',
      reasons: {
        database: 'failed; the log says why',
        keys: 'The signing key does not answer.',
        bank: 'no answer within 100 ms',
      },
    })
  })

  it('does not bury a stuck part under questions', async () => {
    let asked = 0
    const url = await open({
      database: () => {
        asked += 1
        return new Promise(() => {})
      },
    })
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}/health/ready`)))
    assert.equal((await fetch(`${url}/health/ready`)).status, 503)
    assert.equal(asked, 1)
  })

  it('asks again once a check has answered', async () => {
    let fine = false
    const url = await open({ database: () => (fine ? Promise.resolve() : Promise.reject(new Error('down'))) })
    assert.equal((await fetch(`${url}/health/ready`)).status, 503)
    fine = true
    assert.equal((await fetch(`${url}/health/ready`)).status, 200)
  })

  it('gives the metrics', async () => {
    const answer = await fetch(`${await open({})}/metrics`)
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers.get('content-type')), /^text\/plain/)
    assert.match(await answer.text(), /# TYPE postern_requests_total counter/)
  })

  it('has nothing else, and answers to GET only', async () => {
    const url = await open({})
    for (const path of [
      '/',
      '/health',
      '/health/ready/',
      '/metrics?x=1',
      '/health/alive/../../metrics/x',
      '/debug/pprof',
    ])
      assert.equal((await fetch(`${url}${path}`)).status, 404, path)
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])
      assert.equal((await fetch(`${url}/metrics`, { method })).status, 405, method)
  })

  it('answers 500 and lives on when the metrics fail', async () => {
    listener = openOperationsListener({
      port: 0,
      host: '127.0.0.1',
      checks: {},
      metrics: { contentType: 'text/plain', text: () => Promise.reject(new Error('x')) },
    })
    const url = `http://127.0.0.1:${await listener.start()}`
    assert.equal((await fetch(`${url}/metrics`)).status, 500)
    assert.equal((await fetch(`${url}/health/alive`)).status, 200)
  })

  it('says so when its port is taken', async () => {
    const url = await open({})
    const second = openOperationsListener({
      port: Number(new URL(url).port),
      host: '127.0.0.1',
      checks: {},
      metrics: openMetrics({ processMetrics: false }),
    })
    await assert.rejects(second.start(), { code: 'EADDRINUSE' })
    await second.close()
  })
})
