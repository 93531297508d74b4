import assert from 'node:assert/strict'
import { openMetrics } from '../../src/operations/metrics.ts'

describe('metrics', () => {
  it('count what happened, by fixed words', async () => {
    const metrics = openMetrics({ processMetrics: false })
    metrics.request({ door: 'token', route: '/token', status: 200 }, 0.02)
    metrics.rejection({ door: 'token', code: 'invalid_grant' })
    metrics.consent('authorised')
    metrics.sca({ method: 'otp', outcome: 'failed' })
    metrics.token('access')
    metrics.introspection(0.001)
    metrics.gateway(0.002)
    metrics.signature('PS256', 0.003)
    metrics.reaped('token', 17)
    const text = await metrics.text()
    for (const line of [
      'postern_requests_total{door="token",route="/token",status="200"} 1',
      'postern_request_seconds_count{door="token",route="/token"} 1',
      'postern_rejections_total{door="token",code="invalid_grant"} 1',
      'postern_consents_total{event="authorised"} 1',
      'postern_sca_total{method="otp",outcome="failed"} 1',
      'postern_tokens_total{kind="access"} 1',
      'postern_introspection_seconds_count 1',
      'postern_gateway_seconds_count 1',
      'postern_signature_seconds_count{alg="PS256"} 1',
      'postern_reaped_rows_total{table="token"} 17',
    ])
      assert(text.includes(`${line}\n`), line)
  })

  it('have no label for clients or customers, and no end of values for none', async () => {
    const metrics = openMetrics({ processMetrics: false })
    for (let i = 0; i < 5000; i += 1)
      metrics.request({ door: 'gateway', route: `/accounts/${i}`, status: 200 }, 0.01)
    const text = await metrics.text()
    assert(text.split('\n').filter((line) => line.startsWith('postern_requests_total')).length <= 201)
    assert(text.includes('postern_requests_total{door="gateway",route="other",status="200"} 4800\n'))
    assert.equal(/\{[^}]*(?:client|customer)/i.test(text), false)
  })

  it('of two processes in one do not meet', async () => {
    const [one, other] = [openMetrics(), openMetrics()]
    one.token('access')
    assert.doesNotMatch(await other.text(), /postern_tokens_total\{/)
    assert.match(await one.text(), /process_resident_memory_bytes|nodejs_heap/)
  })
})
