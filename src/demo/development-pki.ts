import 'reflect-metadata'
import { randomBytes, webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'

const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}
const DAY = 24 * 60 * 60 * 1000

/** A certificate and its private key, PEM. */
export interface PemPair {
  readonly cert: string
  readonly key: string
}

/** The demo's own certificates: one CA, the listeners, the bank and Postern's identity at the bank. */
export interface DevelopmentPki {
  readonly caFile: string
  readonly ca: string
  readonly listeners: PemPair
  readonly bank: PemPair
  readonly bankClient: PemPair
}

/** Reads the certificates below `folder`, or makes them anew when there are none or they end within 30 days. */
export async function developmentPki(folder: string): Promise<DevelopmentPki> {
  // The library's types are a browser's; Node's webcrypto is the same thing.
  x509.cryptoProvider.set(webcrypto as never)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (!(await stillGood(join(folder, 'ca.pem')))) await issueAll(folder)
  const text = (name: string) => readFile(join(folder, name), 'utf8')
  const pair = async (name: string): Promise<PemPair> => ({
    cert: await text(`${name}.pem`),
    key: await text(`${name}.key`),
  })
  return {
    caFile: join(folder, 'ca.pem'),
    ca: await text('ca.pem'),
    listeners: await pair('listeners'),
    bank: await pair('bank'),
    bankClient: await pair('bank-client'),
  }
}

async function stillGood(caFile: string): Promise<boolean> {
  if (!existsSync(caFile)) return false
  const ca = new x509.X509Certificate(await readFile(caFile, 'utf8'))
  return ca.notAfter.getTime() > Date.now() + 30 * DAY
}

async function issueAll(folder: string): Promise<void> {
  const keys = await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify'])
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=Postern development CA',
    ...life(),
    signingAlgorithm: RSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  for (const name of ['listeners', 'bank', 'bank-client']) {
    const leafKeys = await webcrypto.subtle.generateKey(RSA, true, ['sign', 'verify'])
    const leaf = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject: `CN=Postern demo ${name}`,
      issuer: ca.subject,
      ...life(),
      signingAlgorithm: RSA,
      publicKey: leafKeys.publicKey,
      signingKey: keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          name === 'bank-client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
        ]),
        new x509.SubjectAlternativeNameExtension([
          { type: 'dns', value: 'localhost' },
          { type: 'dns', value: '*.localhost' },
          { type: 'ip', value: '127.0.0.1' },
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey)
    await writeFile(join(folder, `${name}.key`), x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), {
      mode: 0o600,
    })
    await writeFile(join(folder, `${name}.pem`), leaf.toString('pem'))
  }
  // Last, because its presence says that the others are there.
  await writeFile(join(folder, 'ca.pem'), ca.toString('pem'))
}

function serial(): string {
  return `00${randomBytes(15).toString('hex')}`
}

function life(): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Date.now() - DAY), notAfter: new Date(Date.now() + 397 * DAY) }
}
