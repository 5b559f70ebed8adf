/** Who is known to a server: `auth` of the configuration and the files that it names. */

import { type AccessControlOptions, hashToken, type Right } from '@logwisp/core/server'
import type { AuthConfig } from '../config/schema.ts'
import { inMs } from './in-ms.ts'
import { readSecret } from './named-file.ts'
import { inPlace, refuse } from './stage-place.ts'

type Basic = NonNullable<AuthConfig['basic_auth']>
type Bearer = NonNullable<AuthConfig['bearer_auth']>
type Jwt = NonNullable<Bearer['jwt']>
type Mtls = AuthConfig['mtls']

/**
 * What `type` of `auth` says that clients show; empty for `none`.
 *
 * @throws LogwispError `BAD_OPTION` with the place in the configuration.
 */
export function credentialsFor(auth: AuthConfig, place: string): AccessControlOptions {
  const { allowed, first_delay_seconds, max_delay_seconds } = auth.failures
  const failures = { allowed, firstDelayMs: inMs(first_delay_seconds), maxDelayMs: inMs(max_delay_seconds) }
  const anonymous = auth.anonymous && { anonymous: auth.anonymous }
  switch (auth.type) {
    case 'basic':
      return { ...passwords(auth.basic_auth, `${place}.basic_auth`), ...anonymous, failures }
    case 'bearer':
      return { ...bearers(auth.bearer_auth, `${place}.bearer_auth`), ...anonymous, failures }
    case 'mtls':
      return { certificates: certificates(auth.mtls), ...anonymous }
    case 'none':
      return { ...anonymous }
  }
}

function passwords(basic: Basic | undefined, place: string): AccessControlOptions {
  const users = new Map<string, { hash: string; rights?: readonly Right[] }>()
  for (const { username, password_hash, rights } of basic?.users ?? []) {
    users.set(username, { hash: password_hash.reveal(), ...(rights && { rights }) })
  }
  const file = basic?.users_file
  if (file !== undefined) {
    for (const [username, hash] of namedLines(file, `${place}.users_file`)) users.set(username, { hash })
  }
  if (users.size === 0) throw refuse(place, 'nobody is known: give `users` or a `users_file` with somebody in it')
  return {
    users: Object.fromEntries(users),
    // As `logwisp hash-password` makes them without any help; as the ancestor had them with it.
    passwords: { verifiers: { bcrypt: isOfBcrypt } },
    ...(basic?.realm !== undefined && { realm: basic.realm }),
  }
}

/** Loaded when there is one to check: most start without. */
async function isOfBcrypt(password: string, hash: string): Promise<boolean> {
  const { compare } = await import('bcryptjs')
  return compare(password, hash)
}

function bearers(bearer: Bearer | undefined, place: string): AccessControlOptions {
  const tokens = new Map<string, { hash: string; rights?: readonly Right[] }>()
  for (const [index, token] of (bearer?.tokens ?? []).entries()) {
    const hash = inPlace(`${place}.tokens.${index}`, () => tokenHash(token.reveal()))
    tokens.set(`token ${index + 1}`, { hash })
  }
  for (const [index, { name, token, rights }] of (bearer?.clients ?? []).entries()) {
    const hash = inPlace(`${place}.clients.${index}.token`, () => tokenHash(token.reveal()))
    tokens.set(name, { hash, ...(rights && { rights }) })
  }
  const file = bearer?.tokens_file
  if (file !== undefined) {
    const filePlace = `${place}.tokens_file`
    for (const [name, token] of namedLines(file, filePlace)) {
      tokens.set(name, { hash: inPlace(`${filePlace}: ${file}: ${name}`, () => tokenHash(token)) })
    }
  }
  const jwt = bearer?.jwt
  if (tokens.size === 0 && jwt === undefined) {
    throw refuse(place, 'nobody is known: give `tokens`, `clients`, a `tokens_file` with some in it, or `jwt`')
  }
  return {
    ...(tokens.size > 0 && { tokens: Object.fromEntries(tokens) }),
    ...(jwt !== undefined && { jwt: webTokens(jwt, `${place}.jwt`) }),
  }
}

/** Marks a hash: a token itself may be any text, 64 hexadecimal digits too. */
const hashMark = 'sha256:'

function tokenHash(text: string): string {
  return text.startsWith(hashMark) ? text.slice(hashMark.length) : hashToken(text)
}

function webTokens(jwt: Jwt, place: string): NonNullable<AccessControlOptions['jwt']> {
  const { jwks_url, signing_key, issuer, audience, name_claim, clock_tolerance_seconds, algorithms, rights } = jwt
  if ((jwks_url === undefined) === (signing_key === undefined)) {
    throw refuse(place, 'give one of `jwks_url` and `signing_key`: what tokens are checked with')
  }
  if (issuer === undefined) throw refuse(`${place}.issuer`, 'needed: who must have issued the tokens, their `iss`')
  if (audience === undefined) throw refuse(`${place}.audience`, 'needed: whom the tokens must be for, their `aud`')
  const key = signing_key?.reveal() ?? ''
  const isPem = key.includes('-----BEGIN')
  return {
    keys: jwks_url !== undefined ? { url: jwks_url } : isPem ? { pem: key } : { secret: key },
    issuer,
    audience,
    nameClaim: name_claim,
    clockToleranceMs: inMs(clock_tolerance_seconds),
    algorithms,
    rights,
  }
}

function certificates(mtls: Mtls): NonNullable<AccessControlOptions['certificates']> {
  const named = (mtls?.names ?? []).map((name) => [name, subjectIn(name)] as const)
  const clients = (mtls?.clients ?? []).map(
    ({ name, subject, rights }) =>
      [name, { ...(subject === undefined ? subjectIn(name) : { subject }), ...(rights && { rights }) }] as const,
  )
  if (mtls?.names === undefined && clients.length === 0) return { 'a client with a certificate': { subject: '*' } }
  return Object.fromEntries([...named, ...clients])
}

/** A name without its kind is a common name or one of DNS. */
function subjectIn(name: string): { readonly subject?: string } {
  return /^(CN|DNS|URI|email|IP|SHA256):|^\*$/.test(name) ? { subject: name } : {}
}

/** Lines `name:secret` of a file; empty ones, and those that begin with `#`, are nothing. */
function namedLines(path: string, place: string): Map<string, string> {
  const found = new Map<string, string>()
  for (const [index, text] of readSecret(path, place).split(/\r?\n/).entries()) {
    const line = text.trim()
    if (line === '' || line.startsWith('#')) continue
    const colon = line.indexOf(':')
    // Never the line itself, which may be a secret.
    if (colon < 1 || colon === line.length - 1) throw refuse(place, `${path}:${index + 1}: must be \`name:…\``)
    const name = line.slice(0, colon)
    if (found.has(name)) throw refuse(place, `${path}:${index + 1}: ${JSON.stringify(name)} is there a second time`)
    found.set(name, line.slice(colon + 1))
  }
  return found
}
