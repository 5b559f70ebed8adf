/** Reads the secrets that a configuration keeps elsewhere, and looks at the files that must be secret. */

import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Notice, Problem } from './loaded-config.ts'
import type { NamedFiles } from './named-files.ts'
import { readBounded } from './read-bounded.ts'
import type { Config } from './schema.ts'
import { Secret } from './secret.ts'
import { isOurGroup, ourUserId } from './who-we-are.ts'

/** The largest file with one secret. */
export const maxSecretBytes = 65_536

/** Bundles of all the world's authorities have 250 kB; lists of users may be longer. */
const maxFileBytes = 10_000_000

/** Names of places with the path of a file that has secrets in it. */
const secretFiles: ReadonlySet<string> = new Set(['key_file', 'users_file', 'tokens_file'])

/** Names of places with the path of a file that must be there. */
const publicFiles: ReadonlySet<string> = new Set(['cert_file', 'ca_file', 'client_ca_file', 'crl_file'])

/** What was found; origins are for the caller to add. */
export interface ResolvedSecrets {
  readonly problems: readonly Problem[]
  readonly notices: readonly Notice[]
  /** What was in the files; those of servers' certificates are left out. */
  readonly namedFiles: NamedFiles
}

/**
 * Gives every `file:` and `env:` secret of a configuration its text, and checks the files of keys, users, tokens and
 * certificates. Refused are files that are missing, empty, too large, or readable by everybody; those of a TLS table with
 * `enabled = false` are not looked at.
 */
export async function resolveSecrets(
  config: Config,
  { environment, cwd }: { readonly environment: NodeJS.ProcessEnv; readonly cwd: string },
): Promise<ResolvedSecrets> {
  const problems: Problem[] = []
  const notices: Notice[] = []
  const namedFiles = new Map<string, string>()
  const keep = (file: string, bytes: Buffer | undefined): void => {
    if (bytes !== undefined) namedFiles.set(file, createHash('sha256').update(bytes).digest('hex'))
  }
  for (const { path, value, holder } of valuesOf(config, [])) {
    const place = path.join('.')
    const problem = (message: string): unknown => problems.push({ path: place, message, origin: undefined })
    const notice = (message: string): unknown =>
      notices.push({ path: place, message, origin: undefined, severity: 'notice' })
    if (value instanceof Secret) {
      if (value.kind === 'environment') fromEnvironment(value, environment, problem)
      if (value.kind === 'file') keep(value.place ?? '', await fromFile(value, cwd, problem, notice))
    } else {
      const key = path.at(-1) ?? ''
      const isSecret = secretFiles.has(key)
      if (!isSecret && !publicFiles.has(key)) continue
      const bytes = await lookAt(resolve(cwd, value), { isSecret, maxBytes: maxFileBytes }, problem, notice)
      // Only servers ask for certificates.
      if (!('client_auth' in holder)) keep(value, bytes)
    }
  }
  return { problems, notices, namedFiles }
}

/** What a file is for. */
interface Purpose {
  readonly isSecret: boolean
  readonly maxBytes: number
}

type Say = (message: string) => unknown

function* valuesOf(
  value: unknown,
  path: readonly string[],
  holder: object = {},
): Generator<{ readonly path: readonly string[]; readonly value: Secret | string; readonly holder: object }> {
  if (typeof value === 'string' || value instanceof Secret) yield { path, value, holder }
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* valuesOf(item, [...path, String(index)], value)
  } else if (typeof value === 'object' && value !== null) {
    if ((value as { enabled?: unknown }).enabled === false) return
    for (const [key, item] of Object.entries(value)) yield* valuesOf(item, [...path, key], value)
  }
}

function fromEnvironment(secret: Secret, environment: NodeJS.ProcessEnv, problem: Say): void {
  const variable = secret.place ?? ''
  const text = environment[variable]
  if (text === undefined) problem(`is kept in the environment variable ${variable}, which is not set`)
  else if (text === '') problem(`is kept in the environment variable ${variable}, which is empty`)
  else secret.resolve(text)
}

async function fromFile(secret: Secret, cwd: string, problem: Say, notice: Say): Promise<Buffer | undefined> {
  const bytes = await lookAt(
    resolve(cwd, secret.place ?? ''),
    { isSecret: true, maxBytes: maxSecretBytes },
    problem,
    notice,
  )
  if (bytes === undefined) return undefined
  const text = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (text === '') problem(`is kept in ${secret.place}, which is empty`)
  else secret.resolve(text)
  return bytes
}

/** The bytes of a file when it is fit for its purpose. */
async function lookAt(
  path: string,
  { isSecret, maxBytes }: Purpose,
  problem: Say,
  notice: Say,
): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined
  try {
    // Without waiting for somebody to write into what may be a pipe.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stats = await handle.stat()
    if (!stats.isFile()) {
      problem(`names ${path}, which is not a file`)
      return undefined
    }
    if (isSecret && isReadableByAll(stats)) {
      problem(`names ${path}, which everybody may read: chmod o-r ${path} (Kubernetes: defaultMode: 0440)`)
      return undefined
    }
    if (isSecret && isReadableByStrangers(stats)) {
      notice(`names ${path}, which a group that this process is not in (number ${stats.gid}) may read`)
    }
    const bytes = await readBounded(handle, maxBytes)
    if (bytes === undefined) problem(`names ${path}, which is too large`)
    else if (bytes.length === 0) problem(`names ${path}, which is empty`)
    else return bytes
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = { ENOENT: 'which is not there', EACCES: 'which this process may not read' }[code ?? '']
    problem(`names ${path}, ${why ?? `which cannot be read: ${message}`}`)
    return undefined
  } finally {
    await handle?.close()
  }
}

function isReadableByAll({ mode }: Stats): boolean {
  return ourUserId() !== undefined && (mode & 0o004) !== 0
}

function isReadableByStrangers({ mode, gid }: Stats): boolean {
  return ourUserId() !== undefined && (mode & 0o040) !== 0 && !isOurGroup(gid)
}
