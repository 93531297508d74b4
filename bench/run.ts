import { mkdirSync, writeFileSync } from 'node:fs'
import { compare } from './compare.ts'
import { measureJourneys } from './journeys.ts'
import { openLoad } from './load.ts'
import { help, type Options, readOptions } from './options.ts'
import { openOurSide } from './our-side.ts'
import { describeMachine, describeVersions, table } from './report.ts'
import type { Figures } from './scenario.ts'
import { openStage, type Stage, scenarios } from './scenarios.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function run(options: Options): Promise<void> {
  const { only = '', profile, json } = options
  const chosen = [...Object.keys(scenarios), 'journey'].filter((name) => name.includes(only))
  if (chosen.length === 0) throw new TypeError(`no scenario is called ${only}`)
  const machine = describeMachine()
  say(`Starting Postern on a durable Postgres and the bare engine beside it (${machine.cores} cores).`)
  if (profile !== undefined) mkdirSync(profile, { recursive: true })
  const ours = await openOurSide(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])
  const load = openLoad()
  const leave = async (): Promise<void> => {
    await ours.close()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave)
  try {
    const stage = await openStage(ours)
    try {
      const figures: Figures[] = []
      for (const name of chosen) figures.push(await measured(name, stage, load, options))
      const [row] = await ours.house.sql<{ server_version: string }>('show server_version')
      const versions = describeVersions(row?.server_version ?? 'unknown')
      say(`\n${table(figures)}\n\nWhere two figures stand, the second is the reference's.`)
      if (json !== undefined)
        writeFileSync(json, `${JSON.stringify({ machine, versions, scenarios: figures }, null, 2)}\n`)
    } finally {
      stage.reference.close()
    }
  } finally {
    load.close()
    await ours.close()
  }
}

async function measured(
  name: string,
  stage: Stage,
  load: ReturnType<typeof openLoad>,
  options: Options,
): Promise<Figures> {
  say(`\n${name}`)
  const scenario = scenarios[name]
  if (scenario === undefined) return measureJourneys(stage.ours, stage.acme, options.seconds, say)
  return compare(load, await scenario(stage), options, say)
}

try {
  const options = readOptions(process.argv.slice(2))
  if (options === undefined) say(help)
  else await run(options)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  if (!(error instanceof TypeError)) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`)
  process.exitCode = error instanceof TypeError ? 2 : 1
}
