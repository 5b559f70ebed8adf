/** Whether certificates can be read, and are good for a while. */

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../finding.ts'

/** How long before its end a certificate is warned of. Unit: ms. */
export const expiryNoticeMs = 30 * 86_400_000

const pemCertificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/** The files of one `ssl` table, server's or client's. */
interface CertificateFiles {
  readonly cert_file?: string | undefined
  readonly ca_file?: string | undefined
  readonly client_ca_file?: string | undefined
}

/** Looks at every `ssl` table that is in use. */
export async function checkCertificates(config: Config, cwd: string, now: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { path, ssl } of sslTables(config)) findings.push(...(await checkTable(path, ssl, cwd, now)))
  return findings
}

/** When the certificates in a PEM text begin and end to be good; one finding for each that is not, or not for long. */
export function validity(path: string, file: string, pem: string, now: number): readonly Finding[] {
  const findings: Finding[] = []
  const certificates = pem.match(pemCertificate) ?? []
  if (certificates.length === 0) {
    findings.push({ severity: 'problem', path, message: `${file} holds no certificate: it must be PEM` })
  }
  for (const text of certificates) {
    let certificate: X509Certificate
    try {
      certificate = new X509Certificate(text)
    } catch (error) {
      findings.push({
        severity: 'problem',
        path,
        message: `a certificate in ${file} cannot be read: ${(error as Error).message}`,
      })
      continue
    }
    const finding = validityOf(certificate, `the certificate \`${subjectOf(certificate)}\` in ${file}`, now)
    if (finding !== undefined) findings.push({ ...finding, path })
  }
  return findings
}

/** What is to be said about when a certificate is good. */
export function validityOf(
  { validFrom, validTo }: Pick<X509Certificate, 'validFrom' | 'validTo'>,
  what: string,
  now: number,
): Omit<Finding, 'path'> | undefined {
  const from = Date.parse(validFrom)
  const to = Date.parse(validTo)
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10)
  if (to <= now) return { severity: 'problem', message: `${what} expired on ${day(to)}: replace it` }
  if (from > now) return { severity: 'problem', message: `${what} is not good before ${new Date(from).toISOString()}` }
  if (to - now > expiryNoticeMs) return undefined
  const days = Math.floor((to - now) / 86_400_000)
  return { severity: 'warning', message: `${what} expires on ${day(to)}, in ${days} days: replace it before` }
}

async function checkTable(path: string, ssl: CertificateFiles, cwd: string, now: number): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const read = async (key: keyof CertificateFiles, file: string | undefined): Promise<string | undefined> => {
    if (file === undefined) return undefined
    try {
      return await readFile(resolve(cwd, file), 'utf8')
    } catch (error) {
      findings.push({ severity: 'problem', path: `${path}.${key}`, message: (error as Error).message })
      return undefined
    }
  }
  const cert = await read('cert_file', ssl.cert_file)
  if (cert !== undefined) findings.push(...validity(`${path}.cert_file`, ssl.cert_file as string, cert, now))
  for (const name of ['ca_file', 'client_ca_file'] as const) {
    const file = ssl[name]
    const pem = await read(name, file)
    if (pem !== undefined) findings.push(...validity(`${path}.${name}`, file as string, pem, now))
  }
  return findings
}

/** Every `ssl` table whose files are going to be read. */
function sslTables(config: Config): readonly { path: string; ssl: CertificateFiles }[] {
  const tables: { path: string; ssl: CertificateFiles }[] = []
  const add = (path: string, ssl: unknown): void => {
    const table = ssl as (CertificateFiles & { enabled?: boolean }) | undefined
    // Clients of URLs have no `enabled`: the URL says it.
    if (table !== undefined && table.enabled !== false) tables.push({ path: `${path}.ssl`, ssl: table })
  }
  if (config.status.port !== undefined) add('status', config.status.ssl)
  config.pipelines.forEach(({ sources, sinks }, index) => {
    sources.forEach(({ options }, at) => {
      if ('ssl' in options) add(`pipelines.${index}.sources.${at}.options`, options.ssl)
    })
    sinks.forEach(({ options }, at) => {
      if ('ssl' in options) add(`pipelines.${index}.sinks.${at}.options`, options.ssl)
    })
  })
  return tables
}

/** The name that a person knows a certificate by. */
function subjectOf({ subject, subjectAltName }: X509Certificate): string {
  return /^CN=(.*)$/m.exec(subject ?? '')?.[1] ?? subjectAltName ?? 'without a name'
}
