import { readFileSync, statSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { Problem } from '../domain/problem.ts'

const facts = z.object({
  issuer: z.string(),
  directory: z.string(),
  gateway: z.string(),
  caFile: z.string(),
  databaseUrl: z.string(),
  secretsDir: z.string(),
  signingKeysFile: z.string(),
})

/** What a running demo has written down for the other commands. */
export type RunningDemo = z.infer<typeof facts>

const WHERE = join('.postern', 'demo', 'running.json')

/**
 * The demo that runs in this folder, or undefined. Throws Problem `invalid-request` for a file that somebody else
 * could have written: it would lead us, with what we are told, into a database of theirs.
 */
export function runningDemo(folder: string): RunningDemo | undefined {
  const file = join(folder, WHERE)
  const owner = statSync(file, { throwIfNoEntry: false })
  if (owner === undefined) return undefined
  const ours = userInfo().uid
  // −1 where users have no numbers.
  if ((ours >= 0 && owner.uid !== ours) || (owner.mode & 0o077) !== 0)
    throw new Problem(
      'invalid-request',
      `${WHERE} belongs to, or is open to, somebody else and is not used. Start the demo yourself, or set DATABASE_URL.`,
    )
  try {
    return facts.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    throw new Problem('invalid-request', `${WHERE} cannot be read. Stop the demo and start it again.`, {
      cause: cause instanceof SyntaxError ? cause : undefined,
    })
  }
}
