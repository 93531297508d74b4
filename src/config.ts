import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** A certificate and its private key, PEM. */
export interface TlsPair {
  readonly cert: string
  readonly key: string
}

/** Where one listener listens and what visitors call it. */
export interface Address {
  readonly host: string
  readonly port: number
  readonly url: string
}

/** Everything that may differ from one installation to the next, read once. Holds no secret but TLS keys' text. */
export interface Config {
  readonly role: 'all' | 'authority' | 'gateway'
  /** The demo on this machine: http issuer, sandbox, aliases for customer numbers. Never in production. */
  readonly demo: boolean
  readonly issuer: string
  readonly browser: Address & { readonly tls?: TlsPair }
  readonly certificate: Address & { readonly tls: TlsPair }
  readonly gateway: Address & { readonly tls: TlsPair }
  readonly operations: { readonly host: string; readonly port: number }
  /** The authority's private listener for gateways that run alone. */
  readonly admission?: {
    readonly host: string
    readonly port: number
    readonly tls: TlsPair
    readonly ca: string
  }
  /** Where a gateway that runs alone finds the authority. */
  readonly remoteAdmission?: { readonly url: string; readonly tls: TlsPair; readonly ca: string }
  readonly database: {
    readonly url: string
    readonly poolSize: number
    readonly acquireTimeoutMs: number
    readonly statementTimeoutMs: number
  }
  readonly bank: { readonly url: string; readonly tls: TlsPair & { readonly ca: string } }
  readonly directory: { readonly issuer: string; readonly jwksUrl: string }
  /** Origins that may be fetched although they are private or plain http: the demo's directory. */
  readonly fetchExemptions: readonly string[]
  readonly keys: { readonly in: 'local'; readonly file: string }
  readonly secretsDir: string
  readonly accessTokenSeconds: number
  readonly brand: {
    readonly bankName: string
    readonly domain: string
    readonly logoFile?: string
    readonly accentColour?: string
    readonly helpPhone: string
    readonly helpHours: string
    readonly timeZone?: string
  }
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
}

/** One thing wrong with the configuration, in a sentence, with an example of what is right. */
export interface ConfigFault {
  readonly name: string
  readonly sentence: string
  readonly example?: string
}

/** Every fault at once; the command line prints them and exits with 78. */
export class ConfigError extends Error {
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    super(`Configuration has ${faults.length} problem${faults.length === 1 ? '' : 's'}`)
    this.name = 'ConfigError'
    this.faults = faults
  }
}

type Environment = Readonly<Record<string, string | undefined>>

/** A setting as documented in docs/operations.md: its name, what it is for, an example, and how it is read. */
export interface Setting {
  readonly name: string
  readonly about: string
  readonly example: string
  readonly roles: readonly Config['role'][]
  readonly fallback?: string
  readonly optional?: true
  /** May hold a password: never repeated in an answer. */
  readonly secret?: true
  readonly schema: z.ZodType<unknown>
}

const everywhere = ['all', 'authority', 'gateway'] as const
const authority = ['all', 'authority'] as const
const gateway = ['all', 'gateway'] as const

const httpsUrl = z
  .string()
  .refine((value) => URL.parse(value)?.protocol === 'https:', 'must be an https URL')
  .refine((value) => !/[?#]|\/$/.test(value), 'must not end in a slash or have a query or fragment')
const httpsOrigin = httpsUrl.refine((value) => URL.parse(value)?.pathname === '/', 'must not have a path')
const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'must be host:port')
  .transform((value) => {
    const colon = value.lastIndexOf(':')
    return { host: value.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(value.slice(colon + 1)) }
  })
const file = z.string().transform((path, context) => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    context.addIssue({ code: 'custom', message: 'names a file that cannot be read' })
    return z.NEVER
  }
})
const path = z.string().min(1)
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number, ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number, ${least} to ${most}`)
const postgresUrl = z
  .string()
  .refine((value) => /^postgres(ql)?:\/\//.test(value), 'must be a postgres:// URL')

/** Every environment variable there is. The order is that of the documentation. */
export const settings: readonly Setting[] = [
  setting(
    'ISSUER',
    everywhere,
    'https://auth.meridianbank.example',
    httpsOrigin,
    'What customers and third parties call the authority.',
  ),
  setting(
    'BROWSER_LISTEN',
    authority,
    '0.0.0.0:8443',
    listen,
    'Where browsers and third parties arrive.',
    '0.0.0.0:8443',
  ),
  setting(
    'BROWSER_TLS',
    authority,
    'off',
    z.enum(['on', 'off']),
    '`off` where a load balancer ends TLS in front.',
    'on',
  ),
  setting(
    'CERTIFICATE_URL',
    authority,
    'https://mtls.meridianbank.example',
    httpsOrigin,
    'What third parties call the listener that asks for a client certificate.',
  ),
  setting('CERTIFICATE_LISTEN', authority, '0.0.0.0:8444', listen, 'Where it listens.', '0.0.0.0:8444'),
  setting(
    'GATEWAY_URL',
    everywhere,
    'https://api.meridianbank.example',
    httpsUrl,
    'What third parties call the gateway; also its resource indicator (RFC 8707).',
  ),
  setting('GATEWAY_LISTEN', gateway, '0.0.0.0:8445', listen, 'Where it listens.', '0.0.0.0:8445'),
  setting(
    'OPERATIONS_LISTEN',
    everywhere,
    '127.0.0.1:9464',
    listen,
    'Health and metrics. Never on a public address.',
    '127.0.0.1:9464',
  ),
  setting(
    'TLS_CERT_FILE',
    everywhere,
    '/etc/postern/tls.pem',
    file,
    'Certificate chain of the listeners, PEM; RSA, or Open Banking UK clients cannot connect.',
  ),
  setting('TLS_KEY_FILE', everywhere, '/etc/postern/tls.key', file, 'Its private key, PEM.'),
  {
    ...setting(
      'DATABASE_URL',
      authority,
      'postgres://postern@db.internal/postern',
      postgresUrl,
      'PostgreSQL 15 or newer, the writer, directly or through a session pooler.',
    ),
    secret: true,
  },
  setting('DATABASE_POOL_SIZE', authority, '10', whole(2, 100), 'Connections of one process at most.', '10'),
  setting(
    'BANK_URL',
    everywhere,
    'https://core.internal/postern',
    httpsUrl,
    "The bank's port (docs/bank-port.openapi.yaml).",
  ),
  setting('BANK_CA_FILE', everywhere, '/etc/postern/bank-ca.pem', file, 'Whom we trust to be the bank, PEM.'),
  setting('BANK_CERT_FILE', everywhere, '/etc/postern/bank-client.pem', file, 'Who we are at the bank, PEM.'),
  setting('BANK_KEY_FILE', everywhere, '/etc/postern/bank-client.key', file, 'Its private key, PEM.'),
  setting(
    'DIRECTORY_ISSUER',
    authority,
    'https://directory.example',
    httpsUrl,
    'The `iss` of software statements that are accepted.',
  ),
  setting(
    'DIRECTORY_JWKS_URL',
    authority,
    'https://directory.example/jwks',
    httpsUrl,
    "The directory's keys.",
  ),
  setting('KEYS', authority, 'local', z.enum(['local']), 'Where the signing keys are.', 'local'),
  setting(
    'SIGNING_KEYS_FILE',
    authority,
    '/etc/postern/signing-keys.pem',
    path,
    'Private keys for KEYS=local: one RSA, one P-256 (PKCS#8 PEM).',
  ),
  setting(
    'ALLOW_LOCAL_KEYS',
    authority,
    'yes',
    z.literal('yes', 'must be `yes`: local keys in production have to be said twice'),
    'Must be `yes` where KEYS=local.',
  ),
  setting(
    'SECRETS_DIR',
    authority,
    '/run/secrets/postern',
    path,
    'Holds cookie-keys, dpop-nonce-secret and log-key; the same on every process.',
  ),
  setting('ACCESS_TOKEN_SECONDS', authority, '300', whole(60, 600), 'Life of an access token.', '300'),
  optional(
    'ADMISSION_LISTEN',
    ['authority'],
    '10.0.0.5:8446',
    listen,
    'Private listener for gateways that run alone.',
  ),
  optional(
    'ADMISSION_URL',
    ['gateway'],
    'https://authority.internal:8446',
    httpsUrl,
    'Where a gateway that runs alone finds the authority.',
  ),
  optional(
    'ADMISSION_CA_FILE',
    ['authority', 'gateway'],
    '/etc/postern/internal-ca.pem',
    file,
    'The CA of that private connection, PEM.',
  ),
  optional(
    'ADMISSION_CERT_FILE',
    ['authority', 'gateway'],
    '/etc/postern/internal.pem',
    file,
    'Our certificate on it, PEM.',
  ),
  optional(
    'ADMISSION_KEY_FILE',
    ['authority', 'gateway'],
    '/etc/postern/internal.key',
    file,
    'Its private key, PEM.',
  ),
  setting('BANK_NAME', authority, 'Meridian Bank', z.string().min(1), 'As customers know it.'),
  optional('BANK_LOGO_FILE', authority, '/etc/postern/logo.svg', path, 'SVG, PNG or WebP.'),
  optional('ACCENT_COLOUR', authority, '#0b5cad', z.string(), 'Contrast of 4.5 or more on white.'),
  setting('HELP_PHONE', authority, '0800 555 0199', z.string().min(1), 'On every page.'),
  setting('HELP_HOURS', authority, 'every day 7:00 to 23:00', z.string().min(1), 'On every page.'),
  optional('TIME_ZONE', authority, 'Europe/London', z.string(), 'In which customers read times.'),
  setting(
    'LOG_LEVEL',
    everywhere,
    'info',
    z.enum(['debug', 'info', 'warn', 'error']),
    'Least level that is logged.',
    'info',
  ),
]

function setting(
  name: string,
  roles: readonly Config['role'][],
  example: string,
  schema: z.ZodType<unknown>,
  about: string,
  fallback?: string,
): Setting {
  return { name, roles, example, schema, about, ...(fallback !== undefined && { fallback }) }
}

function optional(
  name: string,
  roles: readonly Config['role'][],
  example: string,
  schema: z.ZodType<unknown>,
  about: string,
): Setting {
  return { name, roles, example, schema, about, optional: true }
}

/** Reads the configuration of `postern serve`. Throws ConfigError with everything that is wrong at once. */
export function readConfig(environment: Environment, role: Config['role']): Config {
  const faults: ConfigFault[] = []
  const values = new Map<string, unknown>()
  for (const one of settings) {
    if (!one.roles.includes(role)) continue
    const raw = environment[one.name] || one.fallback
    if (raw === undefined) {
      if (!one.optional) faults.push({ name: one.name, sentence: 'is missing.', example: one.example })
      continue
    }
    const result = one.schema.safeParse(raw)
    if (result.success) values.set(one.name, result.data)
    else
      faults.push({
        name: one.name,
        // A URL may carry a password, a path may not: what is not understood is not repeated.
        sentence: `${one.secret ? '' : `is "${raw.slice(0, 80)}". It `}${result.error.issues[0]?.message ?? 'is not right'}.`,
        example: one.example,
      })
  }
  faults.push(...contradictions(environment, role))
  if (faults.length > 0) throw new ConfigError(faults)
  return assemble(values, role)
}

function contradictions(environment: Environment, role: Config['role']): readonly ConfigFault[] {
  const faults: ConfigFault[] = []
  const { ADMISSION_LISTEN, ADMISSION_URL, DEBUG, ISSUER, GATEWAY_URL } = environment
  const pair = ['ADMISSION_CA_FILE', 'ADMISSION_CERT_FILE', 'ADMISSION_KEY_FILE']
  if (role === 'gateway' && !ADMISSION_URL)
    faults.push({
      name: 'ADMISSION_URL',
      sentence: 'is missing. A gateway that runs alone asks the authority there.',
    })
  if ((role === 'authority' && ADMISSION_LISTEN) || role === 'gateway') {
    for (const name of pair.filter((one) => !environment[one]))
      faults.push({
        name,
        sentence: 'is missing. The private connection between gateway and authority needs it.',
      })
  }
  if (DEBUG !== undefined && ['oidc-provider:', 'knex:'].some((one) => debugs(DEBUG, one)))
    faults.push({
      name: 'DEBUG',
      sentence: 'names or includes oidc-provider or knex, which print what must stay secret. Unset it.',
    })
  if (ISSUER && GATEWAY_URL && URL.parse(ISSUER)?.host === URL.parse(GATEWAY_URL)?.host)
    faults.push({
      name: 'GATEWAY_URL',
      sentence: 'has the same host as ISSUER. Give the gateway a host of its own.',
    })
  return faults
}

/** Whether a list of names, each perhaps with a `*`, turns on what is called like this. */
function debugs(list: string, namespace: string): boolean {
  return list.split(/[\s,]+/).some((name) => {
    const [start = ''] = name.split('*')
    return name.includes('*')
      ? namespace.startsWith(start) || start.startsWith(namespace)
      : `${name}:`.startsWith(namespace)
  })
}

function assemble(values: ReadonlyMap<string, unknown>, role: Config['role']): Config {
  // Each value was read by the schema beside its name; what a role does not need is empty and not looked at.
  const text = (name: string): string => (values.get(name) as string | undefined) ?? ''
  const number = (name: string): number => (values.get(name) as number | undefined) ?? 0
  const at = (name: string) =>
    (values.get(name) as { host: string; port: number } | undefined) ?? { host: '', port: 0 }
  const maybe = <Name extends string>(key: Name, name: string) =>
    values.has(name) ? ({ [key]: text(name) } as Record<Name, string>) : {}
  const tls = { cert: text('TLS_CERT_FILE'), key: text('TLS_KEY_FILE') }
  const internal = {
    tls: { cert: text('ADMISSION_CERT_FILE'), key: text('ADMISSION_KEY_FILE') },
    ca: text('ADMISSION_CA_FILE'),
  }
  return {
    role,
    demo: false,
    issuer: text('ISSUER'),
    browser: { ...at('BROWSER_LISTEN'), url: text('ISSUER'), ...(text('BROWSER_TLS') !== 'off' && { tls }) },
    certificate: { ...at('CERTIFICATE_LISTEN'), url: text('CERTIFICATE_URL'), tls },
    gateway: { ...at('GATEWAY_LISTEN'), url: text('GATEWAY_URL'), tls },
    operations: at('OPERATIONS_LISTEN'),
    ...(values.has('ADMISSION_LISTEN') && { admission: { ...at('ADMISSION_LISTEN'), ...internal } }),
    ...(values.has('ADMISSION_URL') && { remoteAdmission: { url: text('ADMISSION_URL'), ...internal } }),
    database: {
      url: text('DATABASE_URL'),
      poolSize: number('DATABASE_POOL_SIZE'),
      acquireTimeoutMs: 500,
      statementTimeoutMs: 1_500,
    },
    bank: {
      url: text('BANK_URL'),
      tls: { ca: text('BANK_CA_FILE'), cert: text('BANK_CERT_FILE'), key: text('BANK_KEY_FILE') },
    },
    directory: { issuer: text('DIRECTORY_ISSUER'), jwksUrl: text('DIRECTORY_JWKS_URL') },
    fetchExemptions: [],
    keys: { in: 'local', file: text('SIGNING_KEYS_FILE') },
    secretsDir: text('SECRETS_DIR'),
    accessTokenSeconds: number('ACCESS_TOKEN_SECONDS'),
    brand: {
      bankName: text('BANK_NAME'),
      domain: URL.parse(text('ISSUER'))?.host ?? '',
      helpPhone: text('HELP_PHONE'),
      helpHours: text('HELP_HOURS'),
      ...maybe('logoFile', 'BANK_LOGO_FILE'),
      ...maybe('accentColour', 'ACCENT_COLOUR'),
      ...maybe('timeZone', 'TIME_ZONE'),
    },
    // The schema beside LOG_LEVEL lets nothing else through.
    logLevel: text('LOG_LEVEL') as Config['logLevel'],
  }
}

/** Secrets that every process of one installation shares; apart from the configuration, so that they are never printed. */
export interface SharedSecrets {
  /** Newest first: the first signs, all verify. */
  readonly cookieKeys: readonly string[]
  readonly dpopNonceSecret: Buffer
  readonly logKey: Buffer
}

/** The files of SECRETS_DIR. */
export const secretFiles = ['cookie-keys', 'dpop-nonce-secret', 'log-key'] as const

/** Reads them; each line is base64url of 32 bytes or more. Throws ConfigError with everything that is wrong. */
export function readSecrets(folder: string): SharedSecrets {
  const faults: ConfigFault[] = []
  const read = (name: (typeof secretFiles)[number]): readonly string[] => {
    const lines = secretLines(join(folder, name))
    const short = lines.length === 0 || lines.some((line) => Buffer.from(line, 'base64url').length < 32)
    if (short)
      faults.push({
        name: `SECRETS_DIR/${name}`,
        sentence: 'is missing, empty or shorter than 32 bytes.',
        example: `openssl rand -base64 32 | tr '+/' '-_' | tr -d = > ${name}`,
      })
    return lines
  }
  const [cookieKeys, nonce, log] = [read('cookie-keys'), read('dpop-nonce-secret'), read('log-key')]
  if (faults.length > 0) throw new ConfigError(faults)
  return {
    cookieKeys,
    dpopNonceSecret: Buffer.from(nonce[0] ?? '', 'base64url').subarray(0, 32),
    logKey: Buffer.from(log[0] ?? '', 'base64url'),
  }
}

function secretLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}
