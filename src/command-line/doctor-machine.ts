import { statfs } from 'node:fs/promises'
import { Problem } from '../domain/problem.ts'
import { openLocalKeys } from '../keys/local-keys.ts'
import type { Check } from '../operations/doctor.ts'

/** Below this a machine is about to stop. Bytes. */
const LEAST_FREE = 512 * 1024 * 1024

export function nodeCheck(version: string): Check {
  return {
    name: 'Node',
    examine: async () => {
      // main.ts refuses what is too old; an odd number is never a long-term release.
      const major = Number(version.split('.')[0])
      return major % 2 === 0
        ? `v${version}`
        : `v${version}, which is no long-term release: better use Node 24`
    },
    fix: 'Install Node 24.',
  }
}

/** Signs with each key and verifies (keys/local-signing-key.ts does), and asks for both algorithms. */
export function signingKeysCheck(file: string): Check {
  return {
    name: 'Signing keys',
    examine: async () => {
      const keys = await openLocalKeys(file)
      for (const key of keys) await key.sign(Buffer.from('postern doctor'))
      const missing = ['PS256', 'ES256'].filter((alg) => !keys.some((key) => key.alg === alg))
      if (missing.length > 0)
        throw new Problem('wrong-state', `${file} has no key for ${missing.join(' and ')}.`)
      return `${keys.map(({ alg, kid }) => `${alg} ${kid.slice(0, 8)}…`).join(', ')} sign and verify`
    },
    fix: 'Make a new file with `postern keys generate --file …` and name it in SIGNING_KEYS_FILE.',
  }
}

export function diskCheck(folder: string): Check {
  return {
    name: 'Disk',
    examine: async () => {
      const { bavail, bsize } = await statfs(folder)
      const free = bavail * bsize
      const words = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${folder}`
      if (free < LEAST_FREE) throw new Problem('wrong-state', `Only ${words}.`)
      return words
    },
    fix: 'Make room on this disk.',
  }
}
