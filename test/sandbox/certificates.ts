import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { temporaryFolder } from './temporary-folder.ts'

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const DAY = 24 * 60 * 60 * 1000

interface Holder {
  readonly certificate: x509.X509Certificate
  readonly keys: webcrypto.CryptoKeyPair
}

/** Certificate and private key as PEM, the way TLS options take them. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

/** A certificate authority for one test. */
export interface TestAuthority {
  readonly pem: string
  identity(name: string, usage: 'clientAuth' | 'serverAuth'): Promise<Identity>
}

export async function testAuthority(name: string): Promise<TestAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const ca = await authority(name)
  return { pem: ca.certificate.toString('pem'), identity: (subject, usage) => identity(ca, subject, usage) }
}

/** Writes the texts as files and answers their paths. */
export async function filesOf<Name extends string>(texts: Readonly<Record<Name, string>>) {
  const folder = await temporaryFolder()
  const paths = Object.keys(texts).map((name) => [name, join(folder, name)] as const)
  for (const [name, path] of paths) await writeFile(path, texts[name as Name], { mode: 0o600 })
  // The same names, each with the path of its file.
  return Object.fromEntries(paths) as Readonly<Record<Name, string>>
}

/** A certificate request as PEM, with the private key that belongs to it. */
export async function certificateRequest(subject: string, algorithm: webcrypto.EcKeyGenParams = ECDSA) {
  x509.cryptoProvider.set(webcrypto)
  const keys = await keyPair(algorithm)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: { ...ECDSA, ...algorithm },
  })
  return { pem: request.toString('pem'), key: await pemOf(keys.privateKey) }
}

async function authority(name: string): Promise<Holder> {
  const keys = await keyPair(ECDSA)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomBytes(8).toString('hex'),
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  })
  return { certificate, keys }
}

async function identity(ca: Holder, name: string, usage: 'clientAuth' | 'serverAuth'): Promise<Identity> {
  const keys = await keyPair(ECDSA)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(8).toString('hex'),
    subject: `CN=${name}`,
    issuer: ca.certificate.subjectName,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + DAY),
    signingAlgorithm: ECDSA,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
    ],
  })
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

async function keyPair(algorithm: webcrypto.EcKeyGenParams): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
