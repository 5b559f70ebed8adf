/** Users with passwords, checked so that neither guessing nor many logins at once can bring the server down. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { OptionRule } from '../options.ts'
import type { Right } from './access.ts'
import { isPassword, isScryptHash } from './password-hash.ts'
import { type Attempts, blocked, type Known, type Proof, rightsFrom, type Unproved } from './proof.ts'

/** Somebody who shows a name and a password. */
export interface UserRule {
  /** By {@link hashPassword}; of another kind when `passwords.verifiers` has a function for it. */
  readonly hash: string
  /** What the user may do. @default all three */
  readonly rights?: readonly Right[] | undefined
}

/** Whether a password is the one of this hash. */
export type PasswordVerifier = (password: string, hash: string) => boolean | Promise<boolean>

/** How passwords are checked. */
export interface PasswordOptions {
  /**
   * Hashes computed at once; each takes 32 MiB and a thread of Node's pool, which has four. @default 2
   */
  readonly maxChecks?: number | undefined
  /** Checks that wait for that; beyond, logins get a 503. @default 64 */
  readonly maxWaiting?: number | undefined
  /**
   * For how long after its last use a password that was right is known without hashing it, in ms: as a digest under a
   * key that only this process has. `0` hashes at each request. @default 600000
   */
  readonly rememberMs?: number | undefined
  /**
   * Checks hashes of other kinds, by the identifier that they begin with: `argon2id` for `$argon2id$…`, `bcrypt` for
   * all of `$2a$…`, `$2b$…` and `$2y$…`, which `compare` of bcryptjs does. @default {}
   */
  readonly verifiers?: Readonly<Record<string, PasswordVerifier>> | undefined
}

/** What {@link UserRule.hash} may be, given these verifiers. */
export function passwordHashRule(verifiers: Readonly<Record<string, PasswordVerifier>>): OptionRule {
  const others = Object.keys(verifiers)
  return {
    expected: [
      'a hash by hashPassword(password)',
      ...others.map((kind) => `a hash of the kind ${kind}`),
      'for bcrypt hashes and others give `passwords.verifiers`, e.g. { bcrypt: compare } with compare of bcryptjs',
    ].join('; '),
    isSecret: true,
    accepts: (value) =>
      typeof value === 'string' && (isScryptHash(value) || Object.hasOwn(verifiers, kindOf(value) ?? '')),
  }
}

interface User {
  readonly hash: string
  readonly holder: Known
  readonly verify: PasswordVerifier
  /** Of the name and password that were right last. */
  remembered: Buffer | undefined
  rememberedUntil: number
}

const wrong: Unproved = { failed: 'wrong', message: 'the name or the password is wrong' }
const busy: Unproved = {
  failed: 'unchecked',
  message: 'too many logins are being checked; come again later',
  retryAfterMs: 2000,
}

/** Looks users up. */
export class Passwords {
  readonly #options: { readonly [Name in keyof PasswordOptions]-?: NonNullable<PasswordOptions[Name]> }
  readonly #users: ReadonlyMap<string, User>
  readonly #decoys: readonly User[]
  readonly #key = randomBytes(32)
  /** Those that run and those that wait, by who shows what. */
  readonly #checks = new Map<string, Promise<Proof>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(
    rules: Readonly<Record<string, UserRule>>,
    options: { readonly [Name in keyof PasswordOptions]-?: NonNullable<PasswordOptions[Name]> },
  ) {
    this.#options = options
    this.#users = new Map(
      Object.entries(rules).map(([name, { hash, rights }]) => {
        const verify = isScryptHash(hash) ? isPassword : (options.verifiers[kindOf(hash) ?? ''] as PasswordVerifier)
        const holder: Known = { name, provedBy: 'password', rights: rightsFrom(rights) }
        return [name, { hash, holder, verify, remembered: undefined, rememberedUntil: 0 }]
      }),
    )
    this.#decoys = [...this.#users.values()]
  }

  /**
   * Whose name and password these are. Whether the address may try is asked again when its turn has come, and failures
   * are told before the turn ends: guesses that were sent all at once must not all be looked at.
   *
   * @throws whatever a verifier throws.
   */
  async prove(name: string, password: string, address: string, attempts: Attempts): Promise<Proof> {
    const digest = createHmac('sha256', this.#key).update(`${name.length} ${name}${password}`).digest()
    const user = this.#users.get(name)
    if (user !== undefined && this.#isRemembered(user, digest)) return user.holder
    // A client that begins with many requests at once is one login.
    const id = `${address} ${digest.toString('base64')}`
    const same = this.#checks.get(id)
    if (same !== undefined) return same
    if (this.#checks.size >= this.#options.maxChecks + this.#options.maxWaiting) return busy
    // Unknown names cost as much as those that are known, each as much as one of them.
    const decoy = this.#decoys[digestOfName(this.#key, name) % this.#decoys.length] as User
    const check = this.#inTurn(async () => {
      if (!attempts.mayTry()) return blocked
      const isRight = await (user ?? decoy).verify(password, (user ?? decoy).hash)
      if (!isRight || user === undefined) {
        attempts.fail()
        return wrong
      }
      this.#remember(user, digest)
      return user.holder
    }).finally(() => this.#checks.delete(id))
    this.#checks.set(id, check)
    return check
  }

  #isRemembered(user: User, digest: Buffer): boolean {
    const { remembered } = user
    if (remembered === undefined || performance.now() > user.rememberedUntil) return false
    if (!timingSafeEqual(remembered, digest)) return false
    this.#remember(user, digest)
    return true
  }

  #remember(user: User, digest: Buffer): void {
    if (this.#options.rememberMs === 0) return
    user.remembered = digest
    user.rememberedUntil = performance.now() + this.#options.rememberMs
  }

  async #inTurn(check: () => Promise<Proof>): Promise<Proof> {
    if (this.#running >= this.#options.maxChecks) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await check()
    } finally {
      // The turn is handed on, so that nobody who comes in between takes it.
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }
}

/** The `argon2id` of `$argon2id$…`. */
function kindOf(hash: string): string | undefined {
  const kind = /^\$([a-z0-9-]{1,32})\$/.exec(hash)?.[1]
  return kind !== undefined && /^2[abxy]?$/.test(kind) ? 'bcrypt' : kind
}

function digestOfName(key: Buffer, name: string): number {
  return createHmac('sha256', key).update(name).digest().readUInt32LE()
}
