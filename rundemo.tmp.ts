import { runDemo } from './src/demo.ts'
const d = await runDemo({ reset: process.argv.includes('--reset'), tls: process.argv.includes('--tls') }, (l) => console.log(l))
process.on('SIGTERM', async () => { await d.close(); process.exit(0) })
process.on('SIGINT', async () => { await d.close(); process.exit(0) })
