/** JSON Web Tokens: signed by somebody who is trusted, for us, and still good. */

import type { JsonWebKey } from 'node:crypto'
import { createPublicKey, createSecretKey } from 'node:crypto'
import type { JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import { LogwispError } from '../errors.ts'
import { type OptionRule, option } from '../options.ts'
import type { Right } from './access.ts'
import { allRights, type Proof, type Unproved } from './proof.ts'

/** Where the keys are that tokens are checked with; exactly one of these. */
export interface JwtKeys {
  /** A JWKS to be fetched: `https:`, or `http:` on this machine. Kept for 10 minutes, and fetched anew for an unknown key. */
  readonly url?: string | undefined
  /** The keys of a JWKS. */
  readonly jwks?: readonly JsonWebKey[] | undefined
  /** One public key, as PEM. */
  readonly pem?: string | undefined
  /** A secret of at least 32 bytes that the issuer shares. Whoever can check tokens with it can make them, too. */
  readonly secret?: string | undefined
}

/** Which JSON Web Tokens are taken. */
export interface JwtOptions {
  /** What they are checked with. */
  readonly keys: JwtKeys
  /** Who must have issued them: `iss`. */
  readonly issuer: string | readonly string[]
  /** Whom they must be for: `aud`. An issuer has more services than this one. */
  readonly audience: string | readonly string[]
  /** Signatures that are accepted. @default those that fit the keys; `none` never does */
  readonly algorithms?: readonly string[] | undefined
  /** How far the issuer's clock may be from ours, in ms. @default 5000 */
  readonly clockToleranceMs?: number | undefined
  /** The claim with the name. @default 'sub' */
  readonly nameClaim?: string | undefined
  /**
   * What a token is good for: the same for all, or found in its claims.
   * @default those of the words `ingest`, `stream` and `status` that are in its claim `scope`
   */
  readonly rights?: readonly Right[] | ((claims: Readonly<Record<string, unknown>>) => readonly Right[]) | undefined
}

const publicAlgorithms = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
] as const
const secretAlgorithms = ['HS256', 'HS384', 'HS512'] as const

const namesRule = option.either(option.text, option.list(option.text, 1))

/** What the members of {@link JwtOptions} may be. */
export const jwtRules = {
  keys: {
    expected: 'an object with exactly one of `url`, `jwks`, `pem` and `secret`',
    accepts: (value) =>
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).filter((item) => item !== undefined).length === 1,
  },
  issuer: namesRule,
  audience: namesRule,
  algorithms: option.list(option.oneOf(...publicAlgorithms, ...secretAlgorithms), 1),
  clockToleranceMs: option.integer({ min: 0, max: 600_000 }),
  nameClaim: option.text,
  rights: option.either(option.list(option.oneOf(...allRights)), option.function),
} satisfies Record<keyof JwtOptions, OptionRule>

/** What the members of {@link JwtKeys} may be. */
export const jwtKeysRules = {
  url: {
    expected: 'an https: URL; http: only on this machine, since whoever is in between could put keys of their own',
    accepts: (value) => typeof value === 'string' && isSafeUrl(value),
  },
  jwks: option.list({ expected: 'public JSON Web Keys', accepts: isPublicJwk }, 1),
  pem: {
    expected: 'a public key as PEM',
    isSecret: true,
    accepts: (value) => typeof value === 'string' && isPublicPem(value),
  },
  secret: {
    expected: 'a secret of at least 32 bytes',
    isSecret: true,
    accepts: (value) => typeof value === 'string' && Buffer.byteLength(value) >= 32,
  },
} satisfies Record<keyof JwtKeys, OptionRule>

/** Keys that could not be had are asked for again after this time. */
const retryMs = 5000

/** A new key of the issuer is found after this time at the latest, and an unknown one makes us ask no more often. */
const cooldownMs = 10_000

const maxNameChars = 256

type Jose = typeof import('jose')

/** Checks tokens. */
export class JsonWebTokens {
  readonly #options: JwtOptions
  #loading: Promise<{ readonly jose: Jose; readonly key: JWTVerifyGetKey }> | undefined
  #failedAt = -Infinity

  constructor(options: JwtOptions) {
    this.#options = options
  }

  /**
   * Loads what checks tokens.
   *
   * @throws LogwispError `PACKAGE_MISSING` when jose is not installed.
   */
  async ready(): Promise<void> {
    await this.#load()
  }

  /**
   * Whose token it is.
   *
   * @throws LogwispError `ACCESS_UNCHECKED` when there are no keys to check it with; whatever `rights` throws.
   */
  async prove(token: string): Promise<Proof> {
    const { jose, key } = await this.#load()
    const verified = await jose.jwtVerify(token, key, this.#verifyOptions()).catch(unproved)
    return 'failed' in verified ? verified : this.#known(verified.payload)
  }

  #known(claims: JWTPayload): Proof {
    const { nameClaim = 'sub', rights } = this.#options
    const name = claims[nameClaim]
    if (typeof name !== 'string' || name === '' || name.length > maxNameChars) {
      return { failed: 'stale', message: `the token has no name in its claim ${nameClaim}` }
    }
    const granted = typeof rights === 'function' ? rights(claims) : (rights ?? rightsInScope(claims['scope']))
    return { name, provedBy: 'jwt', rights: new Set(granted) }
  }

  #verifyOptions(): JWTVerifyOptions {
    const { issuer, audience, keys, clockToleranceMs = 5000 } = this.#options
    const { algorithms = keys.secret === undefined ? publicAlgorithms : secretAlgorithms } = this.#options
    return {
      issuer: [issuer].flat(),
      audience: [audience].flat(),
      algorithms: [...algorithms],
      clockTolerance: clockToleranceMs / 1000,
      requiredClaims: ['exp'],
    }
  }

  #load(): Promise<{ readonly jose: Jose; readonly key: JWTVerifyGetKey }> {
    this.#loading ??= import('jose').then(
      (jose) => ({ jose, key: this.#keyFinder(jose) }),
      (cause: unknown) => {
        this.#loading = undefined
        throw new LogwispError('PACKAGE_MISSING', 'accessControl: `jwt` needs the package jose: npm install jose', {
          cause,
        })
      },
    )
    return this.#loading
  }

  #keyFinder(jose: Jose): JWTVerifyGetKey {
    const { url, jwks, pem, secret } = this.#options.keys
    if (jwks !== undefined) return jose.createLocalJWKSet({ keys: jwks as never })
    if (pem !== undefined) return async () => createPublicKey(pem)
    if (secret !== undefined) return async () => createSecretKey(Buffer.from(secret))
    return this.#remoteKeys(jose, new URL(url as string))
  }

  /** A key server that is down is no reason to call anybody's token wrong, nor to ask it at each request. */
  #remoteKeys(jose: Jose, url: URL): JWTVerifyGetKey {
    const find = jose.createRemoteJWKSet(url, {
      cooldownDuration: cooldownMs,
      [jose.customFetch]: async (...request: Parameters<typeof fetch>) => {
        if (performance.now() - this.#failedAt < retryMs) throw new Error('failed a moment ago')
        return await fetch(...request)
      },
    })
    return async (header, token) => {
      try {
        return await find(header, token)
      } catch (cause) {
        if (isAboutTheToken(cause)) throw cause
        if (performance.now() - this.#failedAt >= retryMs) this.#failedAt = performance.now()
        // Without its query, where a secret may stand.
        const place = `${url.origin}${url.pathname}`
        const message = `accessControl: the keys that tokens are checked with could not be had from ${place}`
        throw new LogwispError('ACCESS_UNCHECKED', message, { cause })
      }
    }
  }
}

function isAboutTheToken(error: unknown): boolean {
  const { code } = error as { code?: string }
  return code === 'ERR_JWKS_NO_MATCHING_KEY' || code === 'ERR_JWKS_MULTIPLE_MATCHING_KEYS'
}

/** What the holder is told of what jose found; what is not about the token is thrown again. */
function unproved(error: unknown): Unproved {
  if (error instanceof LogwispError) throw error
  const { code, claim } = error as { code?: string; claim?: string }
  // The signature was good, so that it is no guess, and whoever holds it may know what is wrong with it.
  if (code === 'ERR_JWT_EXPIRED') return { failed: 'stale', message: 'the token has expired; get a new one' }
  if (code === 'ERR_JWT_CLAIM_VALIDATION_FAILED') {
    return { failed: 'stale', message: `the token is not good here: its claim ${claim} is missing or another's` }
  }
  // Perhaps a key so new that it was not fetched yet.
  if (code === 'ERR_JWKS_NO_MATCHING_KEY') return { failed: 'stale', message: 'the token is signed by an unknown key' }
  return { failed: 'wrong', message: 'the token is not known here' }
}

function rightsInScope(scope: unknown): readonly Right[] {
  const words = typeof scope === 'string' ? scope.split(' ') : Array.isArray(scope) ? scope : []
  return allRights.filter((right) => words.includes(right))
}

function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(hostname))
}

/** A private key in the rules of a server is a mistake. */
function isPublicJwk(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || 'd' in value || 'k' in value) return false
  try {
    return createPublicKey({ key: value as JsonWebKey, format: 'jwk' }).type === 'public'
  } catch {
    return false
  }
}

function isPublicPem(text: string): boolean {
  try {
    return text.includes('PUBLIC KEY') && createPublicKey(text).type === 'public'
  } catch {
    return false
  }
}
