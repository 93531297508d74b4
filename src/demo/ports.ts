import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname } from 'node:path'

/** The ports of the demo's parts, by name. */
export type Ports = Readonly<Record<string, number>>

/**
 * The wanted ports, or those chosen last time, and the next free one wherever another program has taken it; `moved`
 * says which. What was chosen is remembered, because registered redirect URIs and issuers hold port numbers.
 */
export async function choosePorts(
  file: string,
  wanted: Ports,
): Promise<{ readonly ports: Ports; readonly moved: readonly string[] }> {
  const remembered = await readPorts(file)
  const taken = new Set<number>()
  const ports: Record<string, number> = {}
  const moved: string[] = []
  for (const [name, first] of Object.entries(wanted)) {
    const liked = remembered[name] ?? first
    const port = await nextFree(liked, taken)
    if (port !== liked) moved.push(`Port ${liked} is in use by another program: ${name} moves to ${port}.`)
    taken.add(port)
    ports[name] = port
  }
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, `${JSON.stringify(ports, undefined, 2)}\n`)
  return { ports, moved }
}

async function readPorts(file: string): Promise<Ports> {
  try {
    const ports: unknown = JSON.parse(await readFile(file, 'utf8'))
    const entries = Object.entries(ports as object).filter(([, port]) => Number.isInteger(port))
    return Object.fromEntries(entries) as Ports
  } catch {
    return {}
  }
}

async function nextFree(first: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = first; port < first + 200; port += 1) {
    if (!taken.has(port) && (await isFree(port))) return port
  }
  throw new Error(`no free port from ${first} on`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
