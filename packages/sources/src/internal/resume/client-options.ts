/** What sources that connect to a server are told the same way: how to prove who they are, and whom they trust. */

import { type OptionRule, option } from '@logwisp/core'

/** Who connects: a token (`Authorization: Bearer`), or a user with a password (`Basic`). */
export type ClientAuth = { readonly token: string } | { readonly user: string; readonly password: string }

/** How a connection by TLS is made; what Node's `tls.connect` takes under these names. */
export interface ClientTls {
  /** Certificates (PEM) of those who may vouch for the server, instead of the ones that Node knows. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[] | undefined
  /** The client's own certificate (PEM), for servers that ask for one. */
  readonly cert?: string | Buffer | undefined
  /** The key (PEM) of `cert`. */
  readonly key?: string | Buffer | undefined
  /** What `key` is encrypted with. */
  readonly passphrase?: string | undefined
  /** The name that the server's certificate must have, when it is not the URL's host. */
  readonly servername?: string | undefined
  /** `false` talks to whoever answers, which is no protection: for trying things out only. @default true */
  readonly rejectUnauthorized?: boolean | undefined
}

/** A non-empty object whose every member is known and accepted. */
function objectOf(expected: string, rules: Readonly<Record<string, (value: unknown) => boolean>>): OptionRule {
  return {
    expected,
    accepts: (value) =>
      isRecord(value) &&
      Object.entries(value).every(
        ([name, member]) => Object.hasOwn(rules, name) && (member === undefined || rules[name]?.(member)),
      ),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
const isPem = (value: unknown): boolean => isText(value) || Buffer.isBuffer(value)
/** Other characters would end the header, or are not told to the server as they are. */
const isVisible = (value: unknown): boolean => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)

const authExpected = '{ token } or { user, password }, non-empty texts'

/** The rules of the options that {@link authHeader} and Node's `tls.connect` are given. */
export const clientRules = {
  auth: {
    expected: authExpected,
    accepts: (value: unknown): boolean => {
      if (!isRecord(value)) return false
      const names = Object.keys(value).sort().join()
      if (names === 'token') return isVisible(value['token'])
      return names === 'password,user' && isText(value['password']) && isText(value['user']) && !hasColon(value['user'])
    },
  },
  tls: objectOf('an object of ca, cert, key, passphrase, servername and rejectUnauthorized', {
    ca: (value) => isPem(value) || (Array.isArray(value) && value.length > 0 && value.every(isPem)),
    cert: isPem,
    key: isPem,
    passphrase: isText,
    servername: isText,
    rejectUnauthorized: (value) => typeof value === 'boolean',
  }),
  headers: {
    expected: 'an object of header names and texts without control characters',
    accepts: (value: unknown): boolean =>
      isRecord(value) &&
      Object.entries(value).every(
        ([name, text]) =>
          /^[!#$%&'*+.^_`|~\w-]+$/.test(name) && typeof text === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(text),
      ),
  },
  milliseconds: option.integer({ min: 1, max: 2 ** 31 - 1, orInfinity: true }),
} satisfies Record<string, OptionRule>

/** Basic authentication ends the user's name at the first colon. */
function hasColon(user: unknown): boolean {
  return (user as string).includes(':')
}

/** A URL of one of these schemes, with a host, and without a user and a password, which would be told in errors. */
export function urlRule(...schemes: readonly string[]): OptionRule {
  const names = schemes.map((scheme) => `${scheme}//`).join(' or ')
  return {
    expected: `a URL that begins with ${names}, without user and password (use the option auth)`,
    // It may have a password in it, or a token in its query.
    isSecret: true,
    accepts: (value) => {
      if (typeof value !== 'string' && !(value instanceof URL)) return false
      if (!URL.canParse(String(value))) return false
      const { protocol, hostname, username, password } = new URL(value)
      return schemes.includes(protocol) && hostname !== '' && username === '' && password === ''
    },
  }
}

/** The value of `Authorization`. */
export function authHeader(auth: ClientAuth): string {
  if ('token' in auth) return `Bearer ${auth.token}`
  return `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`
}

/** A URL as it may be told: a query may have secrets. */
export function tellableUrl(url: URL): string {
  return `${url.origin === 'null' ? `${url.protocol}//${url.host}` : url.origin}${url.pathname}`
}
