/** `logwisp cert`: an authority, and certificates that it signs. */

import { createPrivateKey, X509Certificate } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { exitCodes } from '../exit-codes.ts'
import { type Authority, makeCertificate } from './cert/make-certificate.ts'
import type { Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'
import { UsageError } from './usage-error.ts'
import { writeNewFile } from './write-new-file.ts'

/** Its flags. */
export interface CertOptions {
  readonly directory: string
  readonly days: string
  readonly force?: true
  readonly ca?: string
  readonly caKey?: string
  readonly alt?: readonly string[]
}

const dayMs = 86_400_000
/** A certificate is good a bit earlier than now: clocks of other machines differ. */
const clockToleranceMs = 3_600_000
const maxDays = 36_500

/** Makes `<name>.pem` and `<name>.key`, the key for its owner only. */
export async function cert(
  kind: 'ca' | 'server' | 'client',
  name: string,
  options: CertOptions,
  terminal: Terminal,
): Promise<number> {
  checkName(name)
  const days = daysIn(options.days)
  const now = Math.floor(Date.now() / 1000) * 1000
  const notAfter = new Date(now + days * dayMs)
  const stem = join(options.directory, kind === 'ca' ? 'ca' : fileNameOf(name))
  const files = { cert: `${stem}.pem`, key: `${stem}.key` }
  if (options.force !== true) await checkFree(Object.values(files))
  const authority = kind === 'ca' ? undefined : await readAuthority(options)
  if (authority !== undefined) checkWithin(authority, notAfter, days, now)
  const made = await makeCertificate({
    kind,
    commonName: name,
    alternatives: kind === 'ca' ? [] : alternativesOf(kind, name, options.alt ?? []),
    notBefore: new Date(now - clockToleranceMs),
    notAfter,
    authority,
  })
  // A root is what the other side has; what stands between is what it has not.
  const isBetween = authority !== undefined && !isRoot(authority.certificate)
  const chain = isBetween ? authority.certificate.toString() : ''
  const force = options.force === true
  await writeNewFile(files.key, made.key, { mode: 0o600, force })
  await writeNewFile(files.cert, made.cert + chain, { mode: 0o644, force })
  await print(
    terminal.stdout,
    `${files.cert}  the certificate, good until ${notAfter.toISOString().slice(0, 10)}\n${files.key}  its key: keep it secret\n`,
  )
  await print(terminal.stderr, advice(kind, files, options))
  return exitCodes.ok
}

function alternativesOf(kind: 'server' | 'client', name: string, alternatives: readonly string[]): readonly string[] {
  for (const alternative of alternatives) checkName(alternative)
  const names = [...new Set([name, ...alternatives])].filter((each) => isIP(each) !== 0 || isHostName(each))
  if (kind === 'server' && names.length === 0) {
    throw new UsageError(`\`${name}\` is no name or address of a server: give the one that clients connect to`)
  }
  return names
}

async function readAuthority({ ca = 'ca.pem', caKey = 'ca.key' }: CertOptions): Promise<Authority> {
  const read = async (path: string): Promise<string> => {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
      throw new UsageError(
        `there is no ${path}: make an authority with \`logwisp cert ca\`, or name one with --ca and --ca-key`,
      )
    }
  }
  const pem = { cert: await read(ca), key: await read(caKey) }
  const certificate = parsed(ca, () => new X509Certificate(pem.cert))
  const key = parsed(caKey, () => createPrivateKey(pem.key))
  if (!certificate.ca) throw new UsageError(`${ca} is not the certificate of an authority`)
  if (!certificate.checkPrivateKey(key)) throw new UsageError(`${caKey} is not the key of ${ca}`)
  return { certificate, key }
}

function parsed<Result>(path: string, parse: () => Result): Result {
  try {
    return parse()
  } catch (error) {
    throw new UsageError(`${path} cannot be read, it must be PEM and not encrypted: ${(error as Error).message}`)
  }
}

function checkWithin({ certificate }: Authority, notAfter: Date, days: number, now: number): void {
  const end = Date.parse(certificate.validTo)
  if (end >= notAfter.getTime()) return
  const left = Math.floor((end - now) / dayMs)
  throw new UsageError(
    left < 1
      ? `the authority itself is good until ${certificate.validTo} only: make a new one`
      : `${days} days are more than the authority itself is good for: say --days ${left} or fewer, or make a new one`,
  )
}

/** What other programs would take for the end of a name, and what cannot be written in one. */
function checkName(name: string): void {
  if (name === '' || name.length > 64 || /[,+="<>#;\\\x00-\x1f\x7f]/.test(name)) {
    throw new UsageError(
      `\`${name}\` cannot stand in a certificate: a name has up to 64 characters, without , + = " < > # ; \\`,
    )
  }
}

function isHostName(name: string): boolean {
  return /^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?$/.test(name)
}

function isRoot({ subject, issuer }: X509Certificate): boolean {
  return subject === issuer
}

function daysIn(text: string): number {
  const days = Number(text)
  if (!/^\d+$/.test(text) || days < 1 || days > maxDays) {
    throw new UsageError(`--days must be a whole number from 1 to ${maxDays}, got \`${text}\``)
  }
  return days
}

function fileNameOf(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_')
}

async function checkFree(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) throw new UsageError(`${path} is there already, and is left as it is: --force replaces it`)
  }
}

function advice(
  kind: 'ca' | 'server' | 'client',
  files: { cert: string; key: string },
  { ca = 'ca.pem' }: CertOptions,
): string {
  switch (kind) {
    case 'ca':
      return `
Next: logwisp cert server <name> --ca ${files.cert} --ca-key ${files.key}
Whoever has the key can make certificates that your servers and clients trust: it need not be where they run.
`
    case 'server':
      return `
On the server, in the options of what listens:

ssl = { enabled = true, cert_file = "${files.cert}", key_file = "${files.key}" }

On its clients:

ssl = { ca_file = "${ca}" }
`
    case 'client':
      return `
On the client, in the options of its source or sink:

ssl = { cert_file = "${files.cert}", key_file = "${files.key}" }

On the server, where it listens, and in its pipeline:

ssl = { enabled = true, client_auth = true, client_ca_file = "${ca}", cert_file = "…", key_file = "…" }
auth = { type = "mtls" }
`
  }
}
