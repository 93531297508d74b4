import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Makes the shared secrets that are missing, readable by their owner only. Production gets them from its secret store. */
export async function ensureSecrets(folder: string, names: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const name of names) {
    const file = join(folder, name)
    if (!existsSync(file))
      await writeFile(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
  }
}
