import { readFileSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import type { Figures } from './scenario.ts'

export interface Report {
  readonly machine: Readonly<Record<string, string | number>>
  readonly versions: Readonly<Record<string, string>>
  readonly scenarios: readonly Figures[]
}

export function describeMachine(): Report['machine'] {
  const [first] = cpus()
  return {
    cpu: first?.model ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()}`,
    measured_at: new Date().toISOString(),
  }
}

export function describeVersions(postgres: string): Report['versions'] {
  const of = (name: string): string => {
    const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
    return String(JSON.parse(readFileSync(file, 'utf8')).version)
  }
  return { node: process.versions.node, postgres, 'oidc-provider': of('oidc-provider'), pg: of('pg') }
}

const columns: readonly (readonly [string, (figures: Figures) => string])[] = [
  ['scenario', ({ name }) => name],
  ['value', ({ value, unit }) => `${rounded(value)} ${unit}`],
  ['reference', ({ reference }) => rounded(reference)],
  ['ratio', ({ ratio }) => ratio?.toFixed(2) ?? '-'],
  ['p50 ms', (one) => pair(one.p50_ms, one.reference_p50_ms)],
  ['p99 ms', (one) => pair(one.p99_ms, one.reference_p99_ms)],
  ['cpu ms', (one) => pair(one.cpu_ms_per_request, one.reference_cpu_ms_per_request)],
  ['postgres cpu ms', (one) => rounded(one.postgres_cpu_ms_per_request)],
  ['rss MB', (one) => pair(one.peak_rss_mb, one.reference_peak_rss_mb)],
]

/** For people: ours first, the reference's after the stroke. */
export function table(figures: readonly Figures[]): string {
  const rows = [
    columns.map(([title]) => title),
    ...figures.map((one) => columns.map(([, cell]) => cell(one))),
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function pair(ours: number | undefined, reference: number | undefined): string {
  return reference === undefined ? rounded(ours) : `${rounded(ours)} / ${rounded(reference)}`
}

function rounded(value: number | undefined): string {
  if (value === undefined) return '-'
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}
