/** Passwords in the form in which they are configured: scrypt, in the PHC string format. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { checkArgument, option } from '../options.ts'

interface ScryptHash {
  /** N is 2 to this power. */
  readonly ln: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** 32 MiB and about a quarter of a second: one of OWASP's equivalent choices, the one that needs the least memory. */
const cost = { ln: 15, r: 8, p: 3 } as const
const saltBytes = 16
const hashBytes = 32

/** A hash that costs more is refused when it is configured: each login would hold this much memory. */
const maxBytes = 256 * 1024 * 1024

/**
 * The form in which a password is configured: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`. Takes about 0.3 s and 32 MiB, on
 * Node's thread pool.
 *
 * @throws OptionError `BAD_OPTION` for an empty password.
 *
 * @example
 * ```ts
 * import { hashPassword } from '@logwisp/core/server'
 *
 * console.log(await hashPassword(process.env['PASSWORD'] ?? ''))
 * ```
 */
export async function hashPassword(password: string): Promise<string> {
  checkArgument('hashPassword', 'password', password, option.text)
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, { ...cost, salt, hash: Buffer.alloc(hashBytes) })
  return `$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}$${phcBase64(salt)}$${phcBase64(hash)}`
}

/** Whether {@link isPassword} can check a hash. */
export function isScryptHash(text: string): boolean {
  return parse(text) !== undefined
}

/** Whether a password is the one of this hash. */
export async function isPassword(password: string, text: string): Promise<boolean> {
  const expected = parse(text) as ScryptHash
  return timingSafeEqual(await derive(password, expected), expected.hash)
}

function parse(text: string): ScryptHash | undefined {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/.-]+)\$([\w+/.-]+)$/.exec(text)
  if (match === null) return undefined
  const [ln = 0, r = 0, p = 0] = match.slice(1, 4).map(Number)
  const [salt, hash] = match.slice(4).map((part) => Buffer.from(part.replaceAll('.', '+'), 'base64'))
  const isSane = ln >= 10 && r >= 1 && p >= 1 && 128 * 2 ** ln * r <= maxBytes && p <= 16
  if (!isSane || salt === undefined || hash === undefined || salt.length < 8 || hash.length < 16) return undefined
  return { ln, r, p, salt, hash }
}

function derive(password: string, { ln, r, p, salt, hash }: ScryptHash): Promise<Buffer> {
  // The same letters can be written in several ways; RFC 7617 has clients send this one.
  const normalized = password.normalize('NFC')
  const options = { N: 2 ** ln, r, p, maxmem: 2 * maxBytes }
  return new Promise((resolve, reject) => {
    scrypt(normalized, salt, hash.length, options, (error, key) => (error === null ? resolve(key) : reject(error)))
  })
}

/** As PHC has it, without padding. */
function phcBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
