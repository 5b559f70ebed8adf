/** Whether a private key is that of a certificate. */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { Secret } from '../config/secret.ts'
import { refuse } from './stage-place.ts'

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/

/**
 * Refuses a key that cannot be read, or that is not that of the first certificate.
 *
 * @throws LogwispError `BAD_OPTION` with the place of the certificate or the key.
 */
export function checkKeyPair(cert: string, key: string, passphrase: Secret | undefined, place: string): void {
  const privateKey = readKey(key, passphrase, `${place}.key_file`)
  const [first] = cert.match(pemCertificate) ?? []
  if (first === undefined) throw refuse(`${place}.cert_file`, 'holds no certificate: it must be PEM')
  if (readCertificate(first, `${place}.cert_file`).checkPrivateKey(privateKey)) return
  throw refuse(`${place}.key_file`, 'the key is not that of the first certificate in `cert_file`')
}

function readCertificate(text: string, place: string): X509Certificate {
  try {
    return new X509Certificate(text)
  } catch (cause) {
    throw refuse(place, `its first certificate cannot be read: ${(cause as Error).message}`, cause)
  }
}

function readKey(key: string, passphrase: Secret | undefined, place: string): KeyObject {
  try {
    return createPrivateKey({ key, ...(passphrase !== undefined && { passphrase: passphrase.reveal() }) })
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    if (code === 'ERR_MISSING_PASSPHRASE') throw refuse(place, 'the key is encrypted: say `key_passphrase`', cause)
    if (/bad decrypt|BAD_DECRYPT/i.test(message)) {
      throw refuse(place, 'the key is encrypted with another passphrase than `key_passphrase`', cause)
    }
    throw refuse(place, `the key cannot be read: it must be a private key in PEM (${message})`, cause)
  }
}
