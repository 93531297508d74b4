import type { Recipe } from './recipe.ts'

/** One of the two servers in a scenario. */
export interface Side {
  readonly recipe: Recipe
  readonly pid: number
  /** Whose children work for this side too. */
  readonly postgresPid?: number
}

/** The same request to both. */
export interface Scenario {
  readonly name: string
  readonly ours: Side
  readonly reference: Side
}

/** One line of the report; undefined where it was not or cannot be measured. */
export interface Figures {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly reference?: number | undefined
  /** The median of the pairs' ratios. */
  readonly ratio?: number | undefined
  readonly ratios?: readonly number[]
  /** Arrivals per second at which the latencies were measured. */
  readonly arrival_rate?: number
  readonly p50_ms?: number | undefined
  readonly p99_ms?: number | undefined
  readonly cpu_ms_per_request?: number | undefined
  readonly postgres_cpu_ms_per_request?: number | undefined
  readonly peak_rss_mb?: number | undefined
  readonly reference_p50_ms?: number | undefined
  readonly reference_p99_ms?: number | undefined
  readonly reference_cpu_ms_per_request?: number | undefined
  readonly reference_peak_rss_mb?: number | undefined
  readonly conditions: string
}
