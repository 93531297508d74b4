import type { Load } from './load.ts'
import { cpuMs, familyCpuMs, forgetPeak, peakRssMb } from './process-cost.ts'
import type { Figures, Scenario, Side } from './scenario.ts'
import { median, percentile } from './statistics.ts'

export interface Pace {
  readonly seconds: number
  readonly pairs: number
  readonly connections: number
}

/** Latency is measured at this part of what the slower side can do at most. */
const LOAD_FACTOR = 0.5
const WARM_UP_SECONDS = 2

interface Stretch {
  readonly perSecond: number
  readonly cpu: number | undefined
  readonly postgresCpu: number | undefined
}

/** Ours and the reference in turns (ABAB), so that whatever else the machine does meets both alike. */
export async function compare(
  load: Load,
  scenario: Scenario,
  pace: Pace,
  say: (line: string) => void,
): Promise<Figures> {
  const { ours, reference } = scenario
  for (const { pid } of [ours, reference]) forgetPeak(pid)
  const expected = {
    ours: await warmUp(load, ours, pace),
    reference: await warmUp(load, reference, pace),
  }
  const mine: Stretch[] = []
  const theirs: Stretch[] = []
  for (let pair = 1; pair <= pace.pairs; pair += 1) {
    mine.push(await stretch(load, ours, expected.ours, pace))
    theirs.push(await stretch(load, reference, expected.reference, pace))
    say(`  pair ${pair}: ${shown(mine.at(-1))} / ${shown(theirs.at(-1))} per second`)
  }
  const value = median(mine.map(({ perSecond }) => perSecond))
  const referenceValue = median(theirs.map(({ perSecond }) => perSecond))
  const rate = Math.max(1, Math.floor(LOAD_FACTOR * Math.min(value, referenceValue)))
  const waits = await inTurns(load, [ours, reference], rate, pace)
  const ratios = mine.map(({ perSecond }, index) => perSecond / (theirs[index]?.perSecond ?? Number.NaN))
  return {
    name: scenario.name,
    unit: 'requests/s',
    value,
    reference: referenceValue,
    ratio: median(ratios),
    ratios,
    arrival_rate: rate,
    p50_ms: percentile(waits.ours, 50),
    p99_ms: percentile(waits.ours, 99),
    cpu_ms_per_request: middle(mine.map(({ cpu }) => cpu)),
    postgres_cpu_ms_per_request: middle(mine.map(({ postgresCpu }) => postgresCpu)),
    peak_rss_mb: peakRssMb(ours.pid),
    reference_p50_ms: percentile(waits.reference, 50),
    reference_p99_ms: percentile(waits.reference, 99),
    reference_cpu_ms_per_request: middle(theirs.map(({ cpu }) => cpu)),
    reference_peak_rss_mb: peakRssMb(reference.pid),
    conditions: `saturation by ${pace.connections} connections; latency at ${rate} arrivals per second`,
  }
}

async function warmUp(load: Load, side: Side, { connections }: Pace): Promise<number> {
  await load.order({ kind: 'prepare', recipe: side.recipe, count: 8_000 })
  const { answered, elapsedMs } = await load.order({
    kind: 'saturate',
    seconds: WARM_UP_SECONDS,
    connections,
  })
  return (answered / elapsedMs) * 1000
}

async function stretch(
  load: Load,
  side: Side,
  expected: number,
  { connections, seconds }: Pace,
): Promise<Stretch> {
  await load.order({
    kind: 'prepare',
    recipe: side.recipe,
    count: Math.ceil(expected * seconds * 1.6 + connections),
  })
  const before = costs(side)
  const { answered, elapsedMs } = await load.order({ kind: 'saturate', seconds, connections })
  const after = costs(side)
  return {
    perSecond: (answered / elapsedMs) * 1000,
    cpu: each(after.cpu, before.cpu, answered),
    postgresCpu: each(after.postgres, before.postgres, answered),
  }
}

function costs({ pid, postgresPid }: Side) {
  return { cpu: cpuMs(pid), postgres: postgresPid === undefined ? undefined : familyCpuMs(postgresPid) }
}

function each(after: number | undefined, before: number | undefined, count: number): number | undefined {
  return after === undefined || before === undefined ? undefined : (after - before) / count
}

/** The same arrivals to one and the other, twice. */
async function inTurns(load: Load, [ours, reference]: readonly [Side, Side], rate: number, pace: Pace) {
  const waits = { ours: [] as number[], reference: [] as number[] }
  for (let round = 0; round < 2; round += 1) {
    waits.ours.push(...(await latencies(load, ours, rate, pace)))
    waits.reference.push(...(await latencies(load, reference, rate, pace)))
  }
  return waits
}

async function latencies(load: Load, { recipe }: Side, rate: number, { connections, seconds }: Pace) {
  await load.order({
    kind: 'prepare',
    recipe,
    count: Math.ceil(rate * seconds + 6 * Math.sqrt(rate * seconds) + 10),
  })
  const { latenciesMs } = await load.order({ kind: 'arrive', seconds, connections, rate })
  return latenciesMs
}

function middle(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known)
}

function shown(stretch: Stretch | undefined): string {
  return String(Math.round(stretch?.perSecond ?? 0))
}
