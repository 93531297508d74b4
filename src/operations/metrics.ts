import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

/** What Postern counts. Labels hold fixed words and route templates only, never a client or a customer. */
export interface Metrics {
  request(
    of: { readonly door: string; readonly route: string; readonly status: number },
    seconds: number,
  ): void
  rejection(of: { readonly door: string; readonly code: string }): void
  consent(event: string): void
  sca(of: { readonly method: string; readonly outcome: string }): void
  token(kind: string): void
  introspection(seconds: number): void
  gateway(seconds: number): void
  signature(alg: string, seconds: number): void
  reaped(table: string, rows: number): void
  /** All of it in the Prometheus text format. */
  text(): Promise<string>
  /** The media type of {@link Metrics.text}. */
  readonly contentType: string
}

/** Seconds: from a cached look-up to what nobody waits for. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Values of one label. A caller that labels by what strangers choose runs into this, not out of memory. */
const MOST_VALUES = 200

export function openMetrics(
  options: {
    /** Memory, event loop and garbage collection of this process as well. Default: yes. */
    readonly processMetrics?: boolean
  } = {},
): Metrics {
  const registry = new Registry()
  if (options.processMetrics ?? true) collectDefaultMetrics({ register: registry })
  const counter = count(registry)
  const histogram = time(registry)

  const requests = counter('requests_total', 'Requests answered', ['door', 'route', 'status'])
  const requestTime = histogram('request_seconds', 'Time to answer', ['door', 'route'])
  const rejections = counter('rejections_total', 'Requests refused', ['door', 'code'])
  const consents = counter('consents_total', 'Events in the life of consents', ['event'])
  const factors = counter('sca_total', 'Customer authentications', ['method', 'outcome'])
  const tokens = counter('tokens_total', 'Tokens issued', ['kind'])
  const introspections = histogram('introspection_seconds', 'Time to judge a token', [])
  const gateway = histogram('gateway_seconds', "Time of a resource request beside the bank's own", [])
  const signatures = histogram('signature_seconds', 'Time to sign', ['alg'])
  const reaped = counter('reaped_rows_total', 'Rows deleted past their time', ['table'])

  return {
    request: ({ door, route, status }, seconds) => {
      requests({ door, route, status: String(status) })
      requestTime({ door, route }, seconds)
    },
    rejection: (of) => rejections(of),
    consent: (event) => consents({ event }),
    sca: (of) => factors(of),
    token: (kind) => tokens({ kind }),
    introspection: (seconds) => introspections({}, seconds),
    gateway: (seconds) => gateway({}, seconds),
    signature: (alg, seconds) => signatures({ alg }, seconds),
    reaped: (table, rows) => reaped({ table }, rows),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

type Labels = Readonly<Record<string, string>>

function count(registry: Registry) {
  return (name: string, help: string, labelNames: readonly string[]) => {
    const bounded = boundLabels()
    const counter = new Counter({
      name: `postern_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
    })
    return (labels: Labels, by = 1): void => counter.inc(bounded(labels), by)
  }
}

function time(registry: Registry) {
  return (name: string, help: string, labelNames: readonly string[]) => {
    const bounded = boundLabels()
    const histogram = new Histogram({
      name: `postern_${name}`,
      help,
      labelNames: [...labelNames],
      buckets: SECONDS,
      registers: [registry],
    })
    return (labels: Labels, seconds: number): void => histogram.observe(bounded(labels), seconds)
  }
}

/** Keeps the first values of each label as they are; what comes after them is called `other`. */
function boundLabels(): (labels: Labels) => Record<string, string> {
  const seen = new Map<string, Set<string>>()
  return (labels) =>
    Object.fromEntries(
      Object.entries(labels).map(([name, value]) => {
        const values = seen.get(name) ?? new Set()
        seen.set(name, values)
        if (values.size < MOST_VALUES) values.add(value)
        return [name, values.has(value) ? value : 'other']
      }),
    )
}
