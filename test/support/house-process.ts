import { readFileSync } from 'node:fs'
import { type App, openApp } from '../../src/app.ts'
import { type Config, readSecrets } from '../../src/config.ts'

// One process of Postern for tests of several processes, kills and clocks: the application itself, with a
// configuration that a file holds. Says on standard output when it listens; ends when its standard input does.

const file = process.argv[2]
if (file === undefined) throw new Error('which configuration?')
const config = JSON.parse(readFileSync(file, 'utf8')) as Config
const app: App = await openApp(config, readSecrets(config.secretsDir), {
  write: (line) => console.error(line),
})
await app.start()
console.log(JSON.stringify({ ready: true }))

const end = async (): Promise<void> => {
  await app.close()
  process.exit(0)
}
process.once('SIGTERM', end)
process.stdin.resume().once('end', () => process.exit(1))
