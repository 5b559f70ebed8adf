/** All kinds of credentials in one place: which of them are known, and how each is looked at. */

import { LogwispError } from '../errors.ts'
import { type OptionRule, option } from '../options.ts'
import { withDefaults } from '../with-defaults.ts'
import type { AccessSocket, Credentials } from './access.ts'
import { CertificateNames, type CertificateRule, subjectRule } from './certificate-names.ts'
import { JsonWebTokens, type JwtOptions, jwtKeysRules, jwtRules } from './json-web-tokens.ts'
import { checkNested, objectRule } from './nested-options.ts'
import { type PasswordOptions, Passwords, passwordHashRule, type UserRule } from './passwords.ts'
import { type Attempts, allRights, blocked, type Proof } from './proof.ts'
import { StaticTokens, type TokenRule, tokenHashRule } from './static-tokens.ts'

/** Options of `accessControl` on who is known, and by what. */
export interface CredentialOptions {
  /** Who shows a password (`Authorization: Basic`), by name. */
  readonly users?: Readonly<Record<string, UserRule>> | undefined
  /** How passwords are checked. */
  readonly passwords?: PasswordOptions | undefined
  /** Who shows a static token (`Authorization: Bearer`), by name. */
  readonly tokens?: Readonly<Record<string, TokenRule>> | undefined
  /** Which JSON Web Tokens (`Authorization: Bearer`) are taken. Needs the package jose. */
  readonly jwt?: JwtOptions | undefined
  /** What browsers show when they ask for a password. @default 'logwisp' */
  readonly realm?: string | undefined
  /**
   * Who shows a TLS certificate, by name. The server asks for it with `requestCertificate` of `serverTls`. Without an
   * `Authorization` only; whoever shows both is who that one says.
   */
  readonly certificates?: Readonly<Record<string, CertificateRule>> | undefined
}

/** What a list of rights may be. */
export const rightsRule: OptionRule = option.list(option.oneOf(...allRights))

/** What the members of {@link CredentialOptions} may be at first sight; {@link checkCredentialOptions} looks into them. */
export const credentialRules = {
  users: objectRule,
  passwords: objectRule,
  tokens: objectRule,
  jwt: objectRule,
  certificates: objectRule,
  realm: {
    expected: 'a text of visible ASCII characters and blanks, without quotes and backslashes',
    accepts: (value) => typeof value === 'string' && /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/.test(value),
  },
} satisfies Record<keyof CredentialOptions, OptionRule>

const passwordDefaults = {
  maxChecks: 2,
  maxWaiting: 64,
  rememberMs: 600_000,
  verifiers: {},
} as const satisfies PasswordOptions

const passwordRules = {
  maxChecks: option.integer({ min: 1, max: 16 }),
  maxWaiting: option.integer({ min: 0, max: 10_000 }),
  rememberMs: option.integer({ min: 0, orInfinity: true }),
  verifiers: {
    expected: 'an object of functions',
    accepts: (value) =>
      objectRule.accepts(value) && Object.values(value as object).every((each) => typeof each === 'function'),
  },
} satisfies Record<keyof PasswordOptions, OptionRule>

/**
 * Checks what stands within these options.
 *
 * @throws OptionError `BAD_OPTION`.
 */
export function checkCredentialOptions(stage: string, options: CredentialOptions): void {
  const { users, passwords, tokens, jwt, certificates } = options
  checkNested(stage, 'passwords', passwords, passwordRules)
  const userRules = { hash: passwordHashRule(passwords?.verifiers ?? {}), rights: rightsRule }
  checkEach(stage, 'users', users, userRules, ['hash'])
  checkEach(stage, 'tokens', tokens, { hash: tokenHashRule, rights: rightsRule }, ['hash'])
  checkEach(stage, 'certificates', certificates, { subject: subjectRule, rights: rightsRule }, [])
  checkNested(stage, 'jwt', jwt, jwtRules, ['keys', 'issuer', 'audience'])
  checkNested(stage, 'jwt.keys', jwt?.keys, jwtKeysRules)
}

function checkEach(
  stage: string,
  name: string,
  items: object | undefined,
  rules: Readonly<Record<string, OptionRule>>,
  needed: readonly string[],
): void {
  for (const [key, item] of Object.entries(items ?? {})) checkNested(stage, `${name}.${key}`, item, rules, needed)
}

/** Looks at what clients show. */
export class CredentialCheck {
  /** Whether anybody is known at all. */
  readonly knowsAnybody: boolean
  /** What a 401 has in `WWW-Authenticate`. */
  readonly challenge: string | undefined
  readonly #users: Passwords | undefined
  readonly #tokens: StaticTokens | undefined
  readonly #jwt: JsonWebTokens | undefined
  readonly #certificates: CertificateNames | undefined
  readonly #warn: (error: LogwispError) => void
  #warnedAt = -Infinity

  constructor(options: CredentialOptions, warn: (error: LogwispError) => void) {
    const { users, passwords, tokens, jwt, certificates, realm = 'logwisp' } = options
    this.#warn = warn
    this.#users = hasAny(users) ? new Passwords(users, withDefaults(passwordDefaults, passwords)) : undefined
    this.#tokens = hasAny(tokens) ? new StaticTokens(tokens) : undefined
    this.#jwt = jwt && new JsonWebTokens(jwt)
    this.#certificates = hasAny(certificates) ? new CertificateNames(certificates) : undefined
    this.knowsAnybody = [users, tokens, jwt, certificates].some((each) => each !== undefined)
    const challenges = [
      ...(this.#users === undefined ? [] : [`Basic realm="${realm}", charset="UTF-8"`]),
      ...(this.#tokens === undefined && jwt === undefined ? [] : [`Bearer realm="${realm}"`]),
    ]
    this.challenge = challenges.length === 0 ? undefined : challenges.join(', ')
  }

  /**
   * Loads what checking needs.
   *
   * @throws LogwispError `PACKAGE_MISSING`.
   */
  async ready(): Promise<void> {
    await this.#jwt?.ready()
  }

  /** Whose certificate this connection has; undefined without one that the server has found good. */
  certificate(socket: AccessSocket): Proof | undefined {
    return this.#certificates?.prove(socket)
  }

  /** Whose credentials these are. What keeps them from being checked is a warning. */
  async prove(credentials: Credentials, network: string, attempts: Attempts): Promise<Proof> {
    try {
      return await this.#look(credentials, network, attempts)
    } catch (cause) {
      this.#warnOfTrouble(cause)
      const message = 'credentials cannot be checked now; come again later'
      return { failed: 'unchecked', message, retryAfterMs: 5000 }
    }
  }

  async #look({ user, password, token }: Credentials, network: string, attempts: Attempts): Promise<Proof> {
    if (!attempts.mayTry()) return blocked
    if (user !== undefined && this.#users !== undefined) {
      return this.#users.prove(user, password ?? '', network, attempts)
    }
    const proof = token === undefined ? unknownKind : await this.#proofOfToken(token)
    if ('failed' in proof && proof.failed === 'wrong') attempts.fail()
    return proof
  }

  #proofOfToken(token: string): Proof | Promise<Proof> {
    if (this.#tokens === undefined && this.#jwt === undefined) return unknownKind
    const known = this.#tokens?.prove(token) ?? unknownToken
    return 'failed' in known && this.#jwt !== undefined && looksLikeJwt(token) ? this.#jwt.prove(token) : known
  }

  /** Once in a while: each request that fails this way would tell the same. */
  #warnOfTrouble(cause: unknown): void {
    const now = performance.now()
    if (now - this.#warnedAt < warningIntervalMs) return
    this.#warnedAt = now
    if (cause instanceof LogwispError) this.#warn(cause)
    else {
      const message = 'accessControl: a function of `passwords.verifiers` or `jwt.rights` has thrown'
      this.#warn(new LogwispError('ACCESS_UNCHECKED', message, { cause }))
    }
  }
}

const warningIntervalMs = 60_000

const unknownKind: Proof = { failed: 'wrong', message: 'credentials of this kind are not known here' }
const unknownToken: Proof = { failed: 'wrong', message: 'the token is not known here' }

function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]*\.[\w-]*$/.test(token)
}

function hasAny<Rules extends object>(rules: Rules | undefined): rules is Rules {
  return rules !== undefined && Object.keys(rules).length > 0
}
