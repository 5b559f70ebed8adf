/** TLS as the configuration has it, for servers and for clients. */

import { serverTls } from '@logwisp/core/server'
import type { SourceOf } from '../config/schema.ts'
import type { Endpoint } from '../http/port-host.ts'
import { configKey } from './config-key.ts'
import { checkKeyPair } from './key-pair.ts'
import { readNamed, readSecret } from './named-file.ts'
import { inPlace, refuse } from './stage-place.ts'

/** What `ssl` of a stage that listens says. */
export type ServerSsl = SourceOf<'http'>['options']['ssl']

/** What `ssl` of a stage that connects says. */
export type ClientSsl = SourceOf<'sse'>['options']['ssl']

/** What the clients of `@logwisp/sinks` and `@logwisp/sources` take as `tls`. */
export interface ClientTlsOptions {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly passphrase?: string
  readonly servername?: string
}

/** What is older than TLS 1.2 is broken, and never spoken: an ancestor's file that names it gets more than it asks for. */
const versions = { 'TLS1.0': 'TLSv1.2', 'TLS1.1': 'TLSv1.2', 'TLS1.2': 'TLSv1.2', 'TLS1.3': 'TLSv1.3' } as const

/**
 * The TLS of a port; undefined when it is off. What is wrong with its files is found here, or when it is
 * made.
 *
 * @throws LogwispError `BAD_OPTION` with the place in the configuration.
 */
export function serverTlsFor(ssl: ServerSsl, place: string): Endpoint['tls'] {
  if (!ssl.enabled) return undefined
  const { cert_file: cert, key_file: key, client_auth, client_ca_file: ca, crl_file: crl, cipher_suites: ciphers } = ssl
  if (cert === undefined) throw refuse(`${place}.cert_file`, 'a server that speaks TLS needs a certificate')
  if (key === undefined) throw refuse(`${place}.key_file`, "a server that speaks TLS needs its certificate's key")
  const keyText = readSecret(key, `${place}.key_file`)
  checkKeyPair(readNamed(cert, `${place}.cert_file`), keyText, ssl.key_passphrase, place)
  if (client_auth && ca === undefined) {
    throw refuse(`${place}.client_ca_file`, 'needed with `client_auth`: whose certificates of clients are good')
  }
  if (ca !== undefined) readAuthorities(ca, `${place}.client_ca_file`)
  if (crl !== undefined) readNamed(crl, `${place}.crl_file`)
  const requestCertificate = client_auth ? (ssl.verify_client_cert ? 'require' : 'ask') : undefined
  return {
    key: configKey(ssl),
    make: () =>
      inPlace(place, () =>
        serverTls({
          cert,
          key,
          passphrase: ssl.key_passphrase?.reveal(),
          ...(requestCertificate !== undefined && { requestCertificate, ca, crl }),
          minVersion: versions[ssl.min_version],
          maxVersion: versions[ssl.max_version],
          ciphers,
        }),
      ),
  }
}

/**
 * What a client trusts and shows; undefined for the usual authorities and nothing.
 *
 * @throws LogwispError `BAD_OPTION` with the place in the configuration when a file cannot be read.
 */
export function clientTlsFor(ssl: ClientSsl, place: string): ClientTlsOptions | undefined {
  const { ca_file, cert_file, key_file, key_passphrase, server_name } = ssl
  if ((cert_file === undefined) !== (key_file === undefined)) {
    throw refuse(
      `${place}.${cert_file === undefined ? 'cert_file' : 'key_file'}`,
      'a certificate and its key go together',
    )
  }
  const shown =
    cert_file !== undefined && key_file !== undefined ? shownPair(cert_file, key_file, key_passphrase, place) : {}
  const options = {
    ...(ca_file !== undefined && { ca: readAuthorities(ca_file, `${place}.ca_file`) }),
    ...shown,
    ...(server_name !== undefined && { servername: server_name }),
  }
  return Object.keys(options).length === 0 ? undefined : options
}

/** The certificate that a client shows, and its key. */
function shownPair(
  certFile: string,
  keyFile: string,
  passphrase: ClientSsl['key_passphrase'],
  place: string,
): Pick<ClientTlsOptions, 'cert' | 'key' | 'passphrase'> {
  const cert = readNamed(certFile, `${place}.cert_file`)
  const key = readSecret(keyFile, `${place}.key_file`)
  checkKeyPair(cert, key, passphrase, place)
  return { cert, key, ...(passphrase !== undefined && { passphrase: passphrase.reveal() }) }
}

/** Without any certificate in it, OpenSSL takes a file for a list of nobody, and every handshake fails. */
function readAuthorities(path: string, place: string): string {
  const text = readNamed(path, place)
  if (!text.includes('CERTIFICATE-----')) throw refuse(place, `${path} holds no certificate: it must be PEM`)
  return text
}
