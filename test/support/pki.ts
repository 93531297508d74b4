import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  type Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  type PublicKeyType,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { ClientCertificate } from './transport.ts'

type CertificateAlgorithm = 'RSA' | 'ECDSA'

const algorithms = {
  RSA: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
  },
  ECDSA: { name: 'ECDSA', hash: 'SHA-256', namedCurve: 'P-256' },
} as const

/** What to put in a certificate; dates may be wrong on purpose. */
interface CertificateFacts {
  readonly commonName: string
  readonly organisation?: string
  readonly alg?: CertificateAlgorithm
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** A certification authority that lives as long as a test run. */
export interface TestAuthority {
  /** PEM, to be trusted. */
  readonly certificate: string
  /** For these names, such as `auth.bank.test` and `localhost`; loopback addresses are always included. */
  server(names: readonly [string, ...string[]], facts?: Partial<CertificateFacts>): Promise<ClientCertificate>
  client(facts: CertificateFacts): Promise<ClientCertificate>
  /** A client certificate for a PEM request: leaf, then the authority. Throws when the request's signature is wrong. */
  answer(request: string): Promise<string>
}

const HOUR = 3_600_000

/** A fresh authority with a P-256 key. */
export async function openTestAuthority(commonName = 'Postern test CA'): Promise<TestAuthority> {
  const keys = await keyPair('ECDSA')
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    ...validity({ commonName }),
    keys,
    signingAlgorithm: algorithms.ECDSA,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const issuer: Issuer = { root, key: keys.privateKey }
  return {
    certificate: root.toString('pem'),
    async server(names, facts = {}) {
      const dns = names.map((value) => ({ type: 'dns' as const, value }))
      const loopback = ['127.0.0.1', '::1'].map((value) => ({ type: 'ip' as const, value }))
      return issueWithKey(issuer, { commonName: names[0], alg: 'RSA', ...facts }, [
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new SubjectAlternativeNameExtension([...dns, ...loopback]),
      ])
    },
    client: (facts) => issueWithKey(issuer, facts, [forClients()]),
    async answer(request) {
      const asked = new Pkcs10CertificateRequest(request)
      if (!(await asked.verify())) throw new Error('the request is not signed with its own key')
      const leaf = await issue(issuer, asked.subjectName, asked.publicKey, { commonName: '' }, [forClients()])
      return `${leaf.toString('pem')}\n${root.toString('pem')}\n`
    },
  }
}

/** A PEM certificate signing request (PKCS #10) with its fresh private key (PKCS #8 PEM). */
export async function makeCertificateRequest(subject: {
  readonly commonName: string
  readonly organisation: string
}): Promise<{ readonly request: string; readonly key: string }> {
  const keys = await keyPair('ECDSA')
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(subject),
    keys,
    signingAlgorithm: algorithms.ECDSA,
  })
  return { request: request.toString('pem'), key: await privateKeyPem(keys) }
}

interface Issuer {
  readonly root: X509Certificate
  readonly key: webcrypto.CryptoKey
}

async function issueWithKey(
  issuer: Issuer,
  facts: CertificateFacts,
  extensions: readonly Extension[],
): Promise<ClientCertificate> {
  const keys = await keyPair(facts.alg ?? 'ECDSA')
  const leaf = await issue(issuer, subjectOf(facts), keys.publicKey, facts, extensions)
  return { certificate: leaf.toString('pem'), key: await privateKeyPem(keys) }
}

async function issue(
  { root, key }: Issuer,
  subject: Name | JsonName,
  publicKey: PublicKeyType,
  facts: CertificateFacts,
  extensions: readonly Extension[],
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject,
    issuer: root.subjectName,
    ...validity(facts),
    publicKey,
    signingKey: key,
    signingAlgorithm: algorithms.ECDSA,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(root),
      await SubjectKeyIdentifierExtension.create(publicKey),
      ...extensions,
    ],
  })
}

function forClients(): Extension {
  return new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])
}

function subjectOf({ commonName, organisation }: Pick<CertificateFacts, 'commonName' | 'organisation'>) {
  return [...(organisation === undefined ? [] : [{ O: [organisation] }]), { CN: [commonName] }]
}

function validity({ notBefore, notAfter }: CertificateFacts) {
  const now = Date.now()
  return { notBefore: notBefore ?? new Date(now - HOUR), notAfter: notAfter ?? new Date(now + 48 * HOUR) }
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}

async function keyPair(alg: CertificateAlgorithm): Promise<webcrypto.CryptoKeyPair> {
  const pair = await webcrypto.subtle.generateKey(algorithms[alg], true, ['sign', 'verify'])
  if (!('privateKey' in pair)) throw new TypeError('not a key pair')
  return pair
}

async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`
}
