import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { Refusal } from '../refusal.ts'
import type { StateFolder } from '../state-folder.ts'

const DAY = 24 * 60 * 60 * 1000
/** How long a third party's certificate is good, and the directory's own, in days. */
const LEAF_DAYS = 90
const CA_DAYS = 3650
const CA_NAME = 'CN=Demo Directory CA,O=Demo Directory,C=GB'
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

export interface CertificateAuthority {
  readonly pem: string
  /**
   * A client certificate for the holder of the request's private key: the leaf, then the CA, as PEM. Nothing but subject
   * and key is taken from the request. Throws Refusal 400.
   */
  issue(request: string): Promise<string>
}

/** The certificate authority of the demo directory; its key and certificate stay in the state folder. */
export async function openCertificateAuthority(
  state: StateFolder,
  now: () => Date,
): Promise<CertificateAuthority> {
  x509.cryptoProvider.set(webcrypto)
  const privateKey = await caKey(state)
  const pem = await state.keep('ca.pem', () => selfSigned(privateKey, now()))
  const ca = new x509.X509Certificate(pem)
  return {
    pem,
    async issue(request) {
      const leaf = await certify(await readRequest(request), ca, privateKey, now())
      return `${leaf.toString('pem')}\n${pem.trimEnd()}\n`
    },
  }
}

async function caKey(state: StateFolder): Promise<webcrypto.CryptoKey> {
  const pem = await state.keep('ca-key.pem', async () => {
    const { privateKey } = await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])
    return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', privateKey), 'PRIVATE KEY')
  })
  const [der] = x509.PemConverter.decode(pem)
  if (der === undefined) throw new Error('ca-key.pem holds no key')
  return webcrypto.subtle.importKey('pkcs8', der, ECDSA, true, ['sign'])
}

async function selfSigned(privateKey: webcrypto.CryptoKey, now: Date): Promise<string> {
  const publicKey = await publicHalf(privateKey)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: CA_NAME,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + CA_DAYS * DAY),
    signingAlgorithm: ECDSA,
    keys: { privateKey, publicKey },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

async function publicHalf(privateKey: webcrypto.CryptoKey): Promise<webcrypto.CryptoKey> {
  const { kty = '', crv = '', x = '', y = '' } = await webcrypto.subtle.exportKey('jwk', privateKey)
  return webcrypto.subtle.importKey('jwk', { kty, crv, x, y }, ECDSA, true, ['verify'])
}

async function readRequest(pem: string): Promise<x509.Pkcs10CertificateRequest> {
  if (!/^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----\s/.test(pem))
    throw invalid('The body must be one PEM block "CERTIFICATE REQUEST" (PKCS #10).')
  const request = parsed(pem.replaceAll('NEW CERTIFICATE', 'CERTIFICATE'))
  if (request.subject === '') throw invalid('The request has an empty subject.')
  if (request.subject.length > 512) throw invalid('The subject must be at most 512 characters.')
  await requireStrongKey(request.publicKey)
  if (!(await request.verify().catch(() => false)))
    throw invalid('The request is not signed by the key that it holds.')
  return request
}

function parsed(pem: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem)
  } catch {
    throw invalid('The certificate request cannot be read.')
  }
}

async function requireStrongKey(publicKey: x509.PublicKey): Promise<void> {
  // The library types the algorithm by its name alone; the members are what WebCrypto defines for RSA and EC keys.
  const {
    name,
    modulusLength = 0,
    namedCurve = '',
  } = publicKey.algorithm as {
    readonly name: string
    readonly modulusLength?: number
    readonly namedCurve?: string
  }
  const strong = name.startsWith('RSA')
    ? modulusLength >= 2048
    : ['P-256', 'P-384', 'P-521'].includes(namedCurve)
  if (!strong) throw invalid('The key must be RSA with at least 2048 bits, or EC on P-256, P-384 or P-521.')
}

async function certify(
  request: x509.Pkcs10CertificateRequest,
  ca: x509.X509Certificate,
  signingKey: webcrypto.CryptoKey,
  now: Date,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: request.subjectName,
    issuer: ca.subjectName,
    // A few minutes back, for verifiers whose clock is behind.
    notBefore: new Date(now.getTime() - 5 * 60 * 1000),
    notAfter: new Date(now.getTime() + LEAF_DAYS * DAY),
    signingAlgorithm: ECDSA,
    publicKey: request.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      await x509.SubjectKeyIdentifierExtension.create(request.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca),
    ],
  })
}

/** 127 random bits, as hex; the first bit stays 0 so that the number is positive (RFC 5280 §4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

function invalid(sentence: string): Refusal {
  return new Refusal(400, 'invalid_certificate_request', sentence)
}
