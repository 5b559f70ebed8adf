/** What a command shows to the server that it talks to: `--token`, `--user`, `--ca` and others. */

import { readFile } from 'node:fs/promises'
import { Secret } from '../config/secret.ts'
import type { Terminal } from './invocation.ts'
import { askSecret } from './terminal/ask-secret.ts'
import { UsageError } from './usage-error.ts'

/** The flags of commands that are clients. */
export interface CredentialOptions {
  readonly token?: string
  readonly user?: string
  readonly password?: string
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** The same, read from where it is. */
export interface ShownCredentials {
  readonly auth: { readonly token: string } | { readonly user: string; readonly password: string } | undefined
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string } | undefined
}

/** Reads what is in files and in the environment, and asks for a password that is nowhere. */
export async function readCredentials(
  { token, user, password, ca, cert, key }: CredentialOptions,
  terminal: Terminal,
): Promise<ShownCredentials> {
  if (token !== undefined && user !== undefined) throw new UsageError('give --token or --user, not both')
  if (password !== undefined && user === undefined) throw new UsageError('--password goes with --user')
  if ((cert === undefined) !== (key === undefined)) throw new UsageError('--cert and --key go together')
  const tls = {
    ...(ca !== undefined && { ca: await readPem('--ca', ca) }),
    ...(cert !== undefined && { cert: await readPem('--cert', cert) }),
    ...(key !== undefined && { key: await readPem('--key', key) }),
  }
  let auth: ShownCredentials['auth']
  if (token !== undefined) auth = { token: await secretAt('--token', token) }
  else if (user !== undefined) {
    auth = {
      user,
      password:
        password === undefined
          ? await askSecret(`Password of ${user}: `, terminal)
          : await secretAt('--password', password),
    }
  }
  return { auth, tls: Object.keys(tls).length === 0 ? undefined : tls }
}

/** The header that shows a proof over HTTP; none for none. */
export function authorizationOf(auth: ShownCredentials['auth']): Record<string, string> {
  if (auth === undefined) return {}
  if ('token' in auth) return { Authorization: `Bearer ${auth.token}` }
  return { Authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` }
}

async function secretAt(flag: string, reference: string): Promise<string> {
  const { kind, place = '' } = new Secret(reference)
  if (kind === 'environment') {
    const text = process.env[place]
    if (text === undefined || text === '') throw new UsageError(`${flag}: the variable ${place} is not set`)
    return text
  }
  if (kind === 'file') return (await readPem(flag, place)).replace(/\r?\n$/, '')
  throw new UsageError(`${flag} takes file:PATH or env:NAME: others can see what stands on a command line`)
}

async function readPem(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag}: ${(error as Error).message}`)
  }
}
