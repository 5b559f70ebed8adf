/** An authority, a server of this machine and a client, as `logwisp cert` makes them. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, makeCertificate } from '../../src/commands/cert/make-certificate.ts'

/** Their files, keys readable by their owner only, and what a client of a test shows. */
export interface Certificates {
  readonly ca_file: string
  readonly cert_file: string
  readonly key_file: string
  readonly ca: string
  readonly client: { readonly cert: string; readonly key: string }
}

const dayMs = 86_400_000

/** Makes them in a directory. */
export async function makeCertificates(directory: string): Promise<Certificates> {
  await mkdir(directory, { recursive: true })
  const dates = { notBefore: new Date(Date.now() - dayMs), notAfter: new Date(Date.now() + dayMs) }
  const ca = await makeCertificate({ kind: 'ca', commonName: 'test', alternatives: [], ...dates, authority: undefined })
  const authority: Authority = { certificate: new X509Certificate(ca.cert), key: createPrivateKey(ca.key) }
  const server = await makeCertificate({
    kind: 'server',
    commonName: 'localhost',
    alternatives: ['localhost', '127.0.0.1'],
    ...dates,
    authority,
  })
  const client = await makeCertificate({ kind: 'client', commonName: 'host-a', alternatives: [], ...dates, authority })
  const files = {
    ca_file: join(directory, 'ca.pem'),
    cert_file: join(directory, 'server.pem'),
    key_file: join(directory, 'server.key'),
  }
  await writeFile(files.ca_file, ca.cert)
  await writeFile(files.cert_file, server.cert)
  await writeFile(files.key_file, server.key, { mode: 0o600 })
  return { ...files, ca: ca.cert, client }
}
