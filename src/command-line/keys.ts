import type { Command } from 'commander'
import { ConfigError } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import type { SigningKey } from '../domain/signing-key.ts'
import { generateLocalKeys, openLocalKeys } from '../keys/local-keys.ts'
import { type Answer, answering, type Shell } from './answer.ts'
import { columns } from './columns.ts'
import { runningDemo } from './running-demo.ts'

/** `postern keys …`: what the bank signs with. */
export function addKeys(program: Command, shell: Shell): void {
  const group = program
    .command('keys')
    .summary('list or generate signing keys')
    .description("The bank's signing keys. Private halves are never printed.")
  const list = group.command('list').description('List the keys that SIGNING_KEYS_FILE names.')
  answering(list, shell, ['keys list', 'keys list --json'], async () => {
    const file = keyFile(shell)
    return listed(await openLocalKeys(file), file)
  })
  const generate = group
    .command('generate')
    .description('Make an RSA and a P-256 key in a new file that only you can read (KEYS=local).')
    .requiredOption('--file <file>', 'must not exist: keys are never overwritten')
  answering(
    generate,
    shell,
    ['keys generate --file signing-keys.pem', 'keys generate --file signing-keys.pem --json'],
    async () => {
      const { file } = generate.opts<{ readonly file: string }>()
      await generateLocalKeys(file).catch((error) => {
        throw (error as { code?: unknown }).code === 'EEXIST' ? overwriting(file) : error
      })
      return listed(await openLocalKeys(file), file)
    },
  )
}

function keyFile(shell: Shell): string {
  const demo = shell.environment.SIGNING_KEYS_FILE ? undefined : runningDemo(shell.folder)
  if (demo !== undefined) shell.warn('No SIGNING_KEYS_FILE is set: using the demo that runs here.')
  const file = shell.environment.SIGNING_KEYS_FILE || demo?.signingKeysFile
  if (file !== undefined) return file
  const sentence = 'is missing. It names the file of the keys (`postern keys generate` makes one).'
  throw new ConfigError([{ name: 'SIGNING_KEYS_FILE', sentence, example: '/etc/postern/signing-keys.pem' }])
}

function overwriting(file: string): Problem {
  return new Problem('conflict', `${file} exists already, and keys are never overwritten: name a new file.`)
}

function listed(keys: readonly SigningKey[], file: string): Answer {
  const rows = keys.map(({ kid, alg }) => [kid, alg, file])
  return {
    lines: columns(['KID', 'ALG', 'WHERE'], rows),
    json: keys.map(({ kid, alg, publicKey }) => ({
      kid,
      alg,
      where: file,
      public_jwk: publicKey.export({ format: 'jwk' }),
    })),
  }
}
