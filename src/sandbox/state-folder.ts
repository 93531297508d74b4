import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder of small files that only their owner may read. */
export interface StateFolder {
  /** The file's content, or undefined when there is none yet. */
  read(name: string): Promise<string | undefined>
  /** Replaces the file as a whole: a crash leaves the old or the new content, never half of one. */
  write(name: string, content: string): Promise<void>
  /** The file's content; made and kept when it isn't there. */
  keep(name: string, make: () => Promise<string>): Promise<string>
}

export async function openStateFolder(path: string): Promise<StateFolder> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  await chmod(path, 0o700)
  const read = (name: string) => readIfThere(join(path, name))
  const write = (name: string, content: string) => replace(join(path, name), content)
  return {
    read,
    write,
    async keep(name, make) {
      const kept = await read(name)
      if (kept !== undefined) return kept
      const made = await make()
      await write(name, made)
      return made
    },
  }
}

let writes = 0

async function replace(path: string, content: string): Promise<void> {
  writes += 1
  const draft = `${path}.${process.pid}.${writes}`
  await writeFile(draft, content, { mode: 0o600, flag: 'wx', flush: true })
  await rename(draft, path)
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
