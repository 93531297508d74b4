import { readFileSync } from 'node:fs'
import { openApp } from '../src/app.ts'
import { type Config, readSecrets } from '../src/config.ts'

// One process of Postern as it ships, logs and audit trail included, with a configuration that a file holds. Its first
// line of log says that it listens; it ends on SIGTERM, or when its standard input does.

const file = process.argv[2]
if (file === undefined) throw new Error('which configuration?')
const config = JSON.parse(readFileSync(file, 'utf8')) as Config
const app = await openApp(config, readSecrets(config.secretsDir))
await app.start()

process.once('SIGTERM', async () => {
  await app.close()
  process.exit(0)
})
process.stdin.resume().once('end', () => process.exit(1))
