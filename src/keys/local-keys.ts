import { createPrivateKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { Problem } from '../domain/problem.ts'
import type { SigningKey } from '../domain/signing-key.ts'
import { localSigningKey, type SignatureObserver } from './local-signing-key.ts'

const generate = promisify(generateKeyPair)
const pemBlock = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g

/** The keys of a file of PKCS#8 PEM blocks; the first of each algorithm signs. Throws Problem `unavailable`. */
export async function openLocalKeys(
  file: string,
  observe?: SignatureObserver,
): Promise<readonly SigningKey[]> {
  const blocks = (await readKeyFile(file)).match(pemBlock) ?? []
  if (blocks.length === 0)
    throw new Problem('unavailable', `The key file ${file} holds no PEM private key (PKCS#8).`)
  return Promise.all(blocks.map((pem) => localSigningKey(createPrivateKey(pem), observe)))
}

/** Makes the file, readable by its owner only: one RSA key (PS256) and one P-256 key (ES256). */
export async function generateLocalKeys(file: string): Promise<void> {
  const rsa = await generate('rsa', { modulusLength: 2048 })
  const ec = await generate('ec', { namedCurve: 'P-256' })
  const pem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }).toString()
  await writeFile(file, pem(rsa.privateKey) + pem(ec.privateKey), { mode: 0o600, flag: 'wx' })
}

async function readKeyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw new Problem('unavailable', `The key file ${file} cannot be read.`, { cause })
  }
}
