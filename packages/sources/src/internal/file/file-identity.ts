/**
 * Which file it is, whatever its name: device and inode while they hold, its beginning where they don't (a copy, a
 * compressed copy, an inode given to another file); and the stable name that the ids of its lines begin with.
 */

import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { hostname } from 'node:os'
import { fingerprintOf, fitsFingerprint, maxFingerprintBytes, type SavedFingerprint } from './fingerprint.ts'

/** How many ids of earlier files are remembered, so that a later one with the same beginning gets another. */
const maxRememberedIds = 16

/** The ids of the files that one path has shown, newest last. */
export class FileIds {
  #used: readonly string[]

  constructor(used: readonly string[] = []) {
    this.#used = used.slice(-maxRememberedIds)
  }

  /** Those in use now: the same array until another is claimed. */
  get used(): readonly string[] {
    return this.#used
  }

  /** An id for a file that was not there before: `wanted`, or with a number when an earlier file has it. */
  claim(wanted: string): string {
    let id = wanted
    for (let copy = 2; this.#used.includes(id); copy++) id = `${wanted}.${copy}`
    this.#used = [...this.#used, id].slice(-maxRememberedIds)
    return id
  }
}

export class FileIdentity {
  readonly device: bigint
  readonly inode: bigint
  readonly #ids: FileIds
  readonly #namedAfter: Pick<BigIntStats, 'dev' | 'ino'>
  #head: Buffer
  #fingerprint: SavedFingerprint | undefined
  #id: string | undefined

  /**
   * `id` is that of an earlier run; without it one is made once the first line is there: of the device and inode of
   * `namedAfter`, for a copy those of the file that it was made of.
   */
  constructor(
    stat: BigIntStats,
    head: Buffer,
    ids: FileIds,
    id?: string,
    namedAfter: Pick<BigIntStats, 'dev' | 'ino'> = stat,
  ) {
    this.device = stat.dev
    this.inode = stat.ino
    this.#namedAfter = namedAfter
    this.#head = written(head)
    this.#ids = ids
    this.#id = id
  }

  get fingerprint(): SavedFingerprint {
    this.#fingerprint ??= fingerprintOf(this.#head)
    return this.#fingerprint
  }

  /** Whether these are its device and inode. */
  isAt(stat: BigIntStats): boolean {
    return stat.ino === this.inode && stat.dev === this.device
  }

  /** Takes more of the file's beginning, if `bytes` at `offset` have any that was missing. */
  grow(bytes: Buffer, offset: number): void {
    const known = this.#head.length
    if (known >= maxFingerprintBytes || offset > known || offset + bytes.length <= known) return
    this.#head = Buffer.concat([this.#head, written(bytes.subarray(known - offset, maxFingerprintBytes - offset))])
    this.#fingerprint = undefined
  }

  /**
   * Whether bytes read at `offset`, up to the end of the file or further, are what was seen there before. A copy may end
   * before that.
   */
  agreesWith(bytes: Buffer, offset: number, isCopy: boolean): boolean {
    const seen = this.#head.subarray(offset, isCopy ? offset + bytes.length : undefined)
    return seen.length === 0 || bytes.subarray(0, seen.length).equals(seen)
  }

  /** How many bytes from `offset` on {@link agreesWith} has to see. */
  seenFrom(offset: number): number {
    return Math.max(0, this.#head.length - offset)
  }

  /** Whether a file with this beginning can be this file, or a copy of it. Never true for nothing at all. */
  fits(head: Buffer): boolean {
    return this.#head.length > 0 && fitsFingerprint(this.fingerprint, head)
  }

  /** Whether one of both begins with all that is known of the other's beginning, as a copy made a while ago does. */
  resembles(head: Buffer): boolean {
    const common = Math.min(head.length, this.#head.length)
    return common > 0 && this.#head.subarray(0, common).equals(head.subarray(0, common))
  }

  /**
   * What the ids of its lines begin with. Made once, when the first line is given, of the host's name, device, inode and
   * that line: two containers of one image can have the other three alike, and a receiver that drops what it got before
   * would drop the lines of one of them. Kept through rename, copy and compression, and in the checkpoint. A file that
   * takes the place of another with the same inode and the same first line (a truncated file with a constant header) gets
   * a number behind it.
   */
  get id(): string {
    this.#id ??= this.#ids.claim(this.#wantedId())
    return this.#id
  }

  /** Gives a copy its id at once, if its first line is there: it is kept with it in the checkpoint, `namedAfter` is not. */
  nameCopy(): void {
    const isCopy = this.#namedAfter.ino !== this.inode || this.#namedAfter.dev !== this.device
    if (isCopy && (this.#head.includes(10) || this.#head.length >= maxFingerprintBytes)) void this.id
  }

  /** The id, if it was needed yet. */
  get knownId(): string | undefined {
    return this.#id
  }

  /** The ids of the path's files, as of now. */
  get usedIds(): readonly string[] {
    return this.#ids.used
  }

  #wantedId(): string {
    const firstLine = this.#head.subarray(0, this.#head.indexOf(10) + 1 || this.#head.length)
    const { dev, ino } = this.#namedAfter
    const place = `${hostname()}:${dev}:${ino}:`
    return createHash('sha256').update(place).update(firstLine).digest('base64url').slice(0, 16)
  }
}

/** Without the NULs at its end: of a file that is made longer ahead of its writer, they are yet to be written. */
function written(bytes: Buffer): Buffer {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === 0) end--
  return bytes.subarray(0, end)
}
