import { readFileSync } from 'node:fs'

// A preload (`node --import`) for a process whose clock a test moves: `Date` is ahead by the milliseconds that the
// file named in CLOCK_FILE holds at this moment. Nothing in src/ knows of it.

const file = process.env.CLOCK_FILE ?? ''
const RealDate = Date

function ahead(): number {
  try {
    return Number(readFileSync(file, 'utf8')) || 0
  } catch {
    return 0
  }
}

let shift = ahead()
setInterval(() => {
  shift = ahead()
}, 20).unref()

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parameters: []) =>
    parameters.length === 0 ? new target(target.now() + shift) : Reflect.construct(target, parameters),
  get: (target, name) => (name === 'now' ? () => target.now() + shift : Reflect.get(target, name)),
})
