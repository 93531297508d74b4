import { readFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { openBank } from '../bank/bank.ts'
import { Problem } from '../domain/problem.ts'
import type { Check } from '../operations/doctor.ts'
import { openGuardedFetch } from '../registration/guarded-fetch.ts'
import { isJsonObject } from '../registration/json-guard.ts'

/** Milliseconds for a neighbour's answer. */
const PATIENCE = 5_000

/** A customer who cannot exist: the bank's "no such customer" is the answer that shows that all is well. */
const NOBODY = 'postern-doctor-nobody'

/** Asks the bank over its port, with our certificate, as in production. */
export function bankCheck(environment: Readonly<Record<string, string | undefined>>): readonly Check[] {
  const { BANK_URL, BANK_CA_FILE, BANK_CERT_FILE, BANK_KEY_FILE } = environment
  if (!BANK_URL || !BANK_CA_FILE || !BANK_CERT_FILE || !BANK_KEY_FILE) return []
  const files = [BANK_CA_FILE, BANK_CERT_FILE, BANK_KEY_FILE]
  return [
    {
      name: 'Bank',
      examine: async () => {
        const [ca = '', cert = '', key = ''] = await Promise.all(files.map((file) => readFile(file, 'utf8')))
        const bank = openBank({ url: BANK_URL, tls: { ca, cert, key }, timeout: PATIENCE })
        try {
          await bank.list(NOBODY).catch(unlessUnknown)
          return 'answers as agreed'
        } finally {
          await bank.close()
        }
      },
      fix: 'Check BANK_URL, BANK_CA_FILE and that the bank accepts our certificate (docs/bank-port.openapi.yaml).',
    },
  ]
}

function unlessUnknown(error: unknown): void {
  if (!(error instanceof Problem && error.code === 'not-found')) throw error
}

/** Fetches the directory's keys under the rules that hold for registration. */
export function directoryCheck(
  jwksUrl: string | undefined,
  exemptOrigins: readonly string[],
): readonly Check[] {
  if (!jwksUrl) return []
  return [
    {
      name: 'Directory',
      examine: async () => {
        const fetch = openGuardedFetch({ exemptOrigins, timeoutMs: PATIENCE })
        try {
          const set = await fetch.json(jwksUrl)
          const keys = isJsonObject(set) && Array.isArray(set.keys) ? set.keys.length : 0
          if (keys === 0) throw new Problem('wrong-state', `${jwksUrl} holds no key.`)
          return `${keys} key${keys === 1 ? '' : 's'} at ${jwksUrl}`
        } finally {
          await fetch.close()
        }
      },
      fix: 'Check DIRECTORY_JWKS_URL, and that this machine may reach it: nobody can register meanwhile.',
    },
  ]
}

/** Asks the authority itself, as a third party would. */
export function issuerCheck(issuer: string, caFile: string): Check {
  return {
    name: 'Authority',
    examine: async () => {
      const dispatcher = new Agent({ connect: { ca: await readFile(caFile, 'utf8'), timeout: PATIENCE } })
      try {
        const signal = AbortSignal.timeout(PATIENCE)
        const { statusCode, body } = await request(`${issuer}/.well-known/openid-configuration`, {
          dispatcher,
          signal,
        })
        const document: unknown = await body.json()
        if (statusCode !== 200 || !isJsonObject(document) || document.issuer !== issuer)
          throw new Problem('wrong-state', `${issuer} does not say that it is this issuer.`)
        return `${issuer} answers and is who it should be`
      } finally {
        await dispatcher.close()
      }
    },
    fix: 'Stop the demo and start it again: `postern demo`.',
  }
}
