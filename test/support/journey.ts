import { readOptions, UsageError, usage } from './journey-options.ts'
import { walkJourney } from './journey-steps.ts'
import { Narrator } from './narrator.ts'
import { openTransport } from './transport.ts'

/** `npm run journey`: exit code 0 all right, 1 something wrong, 2 usage. */
async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args)
  if (options === 'help') {
    process.stdout.write(usage)
    return 0
  }
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  const narrator = new Narrator(options.json ? () => undefined : print)
  const { ca } = options
  const transport = openTransport({
    ...(ca !== undefined && { ca }),
    observe: (answer) => narrator.heard(answer),
  })
  const started = performance.now()
  const fault = await walkJourney(options, transport, narrator).then(
    () => undefined,
    (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
  )
  transport.close()
  const milliseconds = Math.round(performance.now() - started)
  const { issuer, variant, alg } = options
  const ok = fault === undefined
  if (options.json)
    print(
      JSON.stringify({
        ok,
        issuer,
        variant,
        alg,
        milliseconds,
        steps: narrator.told,
        ...(fault && { fault }),
      }),
    )
  else
    print(
      ok
        ? `\nAll ${narrator.told.length} steps as they should be, ${milliseconds} ms (${variant}).`
        : `\n✘ ${fault}`,
    )
  return ok ? 0 : 1
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code
  },
  (fault: unknown) => {
    const isUsage = fault instanceof UsageError
    process.stderr.write(
      `${fault instanceof Error ? fault.message : String(fault)}\n${isUsage ? '\nSee --help.\n' : ''}`,
    )
    process.exitCode = isUsage ? 2 : 1
  },
)
