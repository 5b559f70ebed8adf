/** Bearer tokens that are the same for as long as they are configured; only their hashes are. */

import { createHash, timingSafeEqual } from 'node:crypto'
import { checkArgument, type OptionRule } from '../options.ts'
import type { Right } from './access.ts'
import { type Known, type Proof, rightsFrom } from './proof.ts'

/** Somebody who shows a token. */
export interface TokenRule {
  /** By {@link hashToken}, or `printf %s "$TOKEN" | sha256sum`: 64 hexadecimal digits. */
  readonly hash: string
  /** What the token is good for. @default all three */
  readonly rights?: readonly Right[] | undefined
}

const minTokenChars = 16

const tokenArgument: OptionRule = {
  expected: `a random text of at least ${minTokenChars} characters, e.g. randomBytes(32).toString('base64url')`,
  isSecret: true,
  accepts: (value) => typeof value === 'string' && value.length >= minTokenChars,
}

/** What {@link TokenRule.hash} may be. */
export const tokenHashRule: OptionRule = {
  expected: "a token's SHA-256 as 64 hexadecimal digits, as hashToken(token) makes it",
  isSecret: true,
  accepts: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/i.test(value),
}

/**
 * The form in which a token is configured. A single round of SHA-256 is enough for what is random, and for nothing
 * else: a token that somebody has thought up is a password, see `hashPassword`.
 *
 * @throws OptionError `BAD_OPTION` when the token is shorter than 16 characters.
 *
 * @example
 * ```ts
 * import { randomBytes } from 'node:crypto'
 * import { hashToken } from '@logwisp/core/server'
 *
 * const token = randomBytes(32).toString('base64url')
 * console.log(`for the client: ${token}, for the server: ${hashToken(token)}`)
 * ```
 */
export function hashToken(token: string): string {
  checkArgument('hashToken', 'token', token, tokenArgument)
  return digestOf(token).toString('hex')
}

/** Looks tokens up. */
export class StaticTokens {
  readonly #tokens: readonly { readonly digest: Buffer; readonly holder: Known }[]

  constructor(rules: Readonly<Record<string, TokenRule>>) {
    this.#tokens = Object.entries(rules).map(([name, { hash, rights }]) => ({
      digest: Buffer.from(hash, 'hex'),
      holder: { name, provedBy: 'token', rights: rightsFrom(rights) },
    }))
  }

  /** Whose token it is. Takes the same time for every token that is shown: each one that is known is compared. */
  prove(token: string): Proof {
    const shown = digestOf(token)
    let found: Known | undefined
    for (const { digest, holder } of this.#tokens) if (timingSafeEqual(digest, shown)) found = holder
    return found ?? { failed: 'wrong', message: 'the token is not known here' }
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
