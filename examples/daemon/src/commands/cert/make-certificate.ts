/** Makes a key and its certificate, signed by an authority or by itself. */

// Its dependency asks for it before anything else.
import 'reflect-metadata'
import { type KeyObject, type X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { UsageError } from '../usage-error.ts'

/** An authority that signs. */
export interface Authority {
  readonly certificate: NodeCertificate
  readonly key: KeyObject
}

/** What is to be made. */
export interface CertificateRequest {
  readonly kind: 'ca' | 'server' | 'client'
  /** The common name; nothing in it may end a name in the text form of X.500. */
  readonly commonName: string
  /** Names and addresses. */
  readonly alternatives: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
  /** Undefined: it signs itself. */
  readonly authority: Authority | undefined
}

/** Both as PEM. */
export interface MadeCertificate {
  readonly cert: string
  readonly key: string
}

type CryptoKeyPair = webcrypto.CryptoKeyPair

const ownAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const rsaAlgorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const

/** Node's names of curves, and Web Crypto's. */
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/** A random number that is positive and has no byte to spare at its beginning. */
const serialBytes = 16

/** Makes a key of the curve P-256, and a certificate that OpenSSL's strict mode takes (`-x509_strict`). */
export async function makeCertificate(request: CertificateRequest): Promise<MadeCertificate> {
  const { commonName, notBefore, notAfter, authority } = request
  const keys = (await webcrypto.subtle.generateKey(ownAlgorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const serialNumber = serial()
  const subject = `CN=${commonName}`
  const extensions = await extensionsOf(request, keys)
  const dates = { serialNumber, notBefore, notAfter }
  const certificate =
    authority === undefined
      ? await X509CertificateGenerator.createSelfSigned({
          ...dates,
          name: subject,
          keys,
          signingAlgorithm: ownAlgorithm,
          extensions,
        })
      : await X509CertificateGenerator.create({
          ...dates,
          ...(await signing(authority.key)),
          subject,
          issuer: new X509Certificate(authority.certificate.raw).subjectName,
          publicKey: keys.publicKey,
          extensions,
        })
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return { cert: `${certificate.toString('pem')}\n`, key: `${PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` }
}

async function extensionsOf(
  { kind, alternatives, authority }: CertificateRequest,
  { publicKey }: CryptoKeyPair,
): Promise<Extension[]> {
  const own = await SubjectKeyIdentifierExtension.create(publicKey)
  const signer = authority === undefined ? own.keyId : await keyIdOf(authority.certificate)
  const extensions: Extension[] = [own, new AuthorityKeyIdentifierExtension(signer)]
  if (kind === 'ca') {
    return [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ...extensions,
    ]
  }
  const usage = kind === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([usage]),
    ...(alternatives.length === 0
      ? []
      : [
          new SubjectAlternativeNameExtension(
            alternatives.map((value) => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value })),
          ),
        ]),
    ...extensions,
  ]
}

/** What an authority calls its key; one that does not say calls it as everybody does. */
async function keyIdOf({ raw }: NodeCertificate): Promise<string> {
  const certificate = new X509Certificate(raw)
  const said = certificate.getExtension(SubjectKeyIdentifierExtension)
  return (said ?? (await SubjectKeyIdentifierExtension.create(certificate.publicKey))).keyId
}

async function signing(key: KeyObject): Promise<{
  signingKey: webcrypto.CryptoKey
  signingAlgorithm: typeof rsaAlgorithm | { name: string; hash: string }
}> {
  const der = key.export({ type: 'pkcs8', format: 'der' })
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? '']
  if (key.asymmetricKeyType === 'rsa') {
    const signingKey = await webcrypto.subtle.importKey('pkcs8', der, rsaAlgorithm, false, ['sign'])
    return { signingKey, signingAlgorithm: rsaAlgorithm }
  }
  if (curve === undefined) {
    throw new UsageError(
      `the authority's key is of a kind that cannot sign here (${key.asymmetricKeyType}): RSA or EC can`,
    )
  }
  const algorithm = { name: 'ECDSA', namedCurve: curve, hash: 'SHA-256' }
  return {
    signingKey: await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
  }
}

function serial(): string {
  const bytes = randomBytes(serialBytes)
  bytes[0] = ((bytes[0] as number) & 0x3f) | 0x40
  return bytes.toString('hex')
}
