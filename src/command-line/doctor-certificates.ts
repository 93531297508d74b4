import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Config } from '../config.ts'
import { Problem } from '../domain/problem.ts'
import type { Check } from '../operations/doctor.ts'

type Environment = Readonly<Record<string, string | undefined>>

const DAY = 24 * 60 * 60 * 1000
/** From here on a certificate's end is spoken of. Days. */
const SOON = 30

/** Our own certificates: valid now and for a while, with their keys, and for the hosts that we are called by. */
export function certificateChecks(
  environment: Environment,
  role: Config['role'],
  now: () => Date,
): readonly Check[] {
  const { TLS_CERT_FILE, TLS_KEY_FILE, BANK_CERT_FILE, BANK_KEY_FILE } = environment
  return [
    ...pairCheck('TLS certificate', TLS_CERT_FILE, TLS_KEY_FILE, hostsOf(environment, role), now),
    ...pairCheck('Certificate for the bank', BANK_CERT_FILE, BANK_KEY_FILE, [], now),
  ]
}

function hostsOf(environment: Environment, role: Config['role']): readonly string[] {
  const { ISSUER, BROWSER_TLS, CERTIFICATE_URL, GATEWAY_URL } = environment
  const urls = [
    role !== 'gateway' && BROWSER_TLS !== 'off' && ISSUER,
    role !== 'gateway' && CERTIFICATE_URL,
    role !== 'authority' && GATEWAY_URL,
  ]
  return urls.flatMap((url) => (url ? [URL.parse(url)?.hostname ?? ''] : [])).filter((host) => host !== '')
}

function pairCheck(
  name: string,
  certFile: string | undefined,
  keyFile: string | undefined,
  hosts: readonly string[],
  now: () => Date,
): readonly Check[] {
  if (!certFile || !keyFile) return []
  const fix = `Get a new certificate for ${certFile}, with its key and every host name, and restart.`
  return [{ name, examine: () => examinePair(certFile, keyFile, hosts, now()), fix }]
}

async function examinePair(
  certFile: string,
  keyFile: string,
  hosts: readonly string[],
  now: Date,
): Promise<string> {
  const certificate = certificateOf(certFile, await readFile(certFile))
  const key = keyOf(keyFile, await readFile(keyFile))
  if (!certificate.checkPrivateKey(key))
    throw new Problem('wrong-state', `${keyFile} is not the key of ${certFile}.`)
  const foreign = hosts.filter((host) => certificate.checkHost(host) === undefined)
  if (foreign.length > 0) throw new Problem('wrong-state', `It is not for ${foreign.join(', ')}.`)
  return validity(certificate, now)
}

function certificateOf(file: string, pem: Buffer): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new Problem('wrong-state', `${file} holds no certificate.`)
  }
}

function keyOf(file: string, pem: Buffer) {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Problem('wrong-state', `${file} holds no private key that can be read without a password.`)
  }
}

function validity({ validFrom, validTo }: X509Certificate, now: Date): string {
  const from = new Date(validFrom)
  const to = new Date(validTo)
  const day = to.toISOString().slice(0, 10)
  if (from > now) throw new Problem('wrong-state', `It is not valid before ${from.toISOString()}.`)
  if (to <= now) throw new Problem('wrong-state', `It ended on ${day}.`)
  const left = Math.floor((to.getTime() - now.getTime()) / DAY)
  return left <= SOON ? `valid, but only until ${day} (${left} days): renew it now` : `valid until ${day}`
}
