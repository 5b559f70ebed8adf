/** Puts lines into the files of a directory of dead letters: within bounds, and safe when it says so. */

import { constants } from 'node:fs'
import { join } from 'node:path'
import { LogwispError } from '../../errors.ts'
import type { WhenFull } from '../bounded-queue.ts'
import { type FileSystem, isAbsent, isOutOfSpace } from '../file-system.ts'
import { countLines } from './count-lines.ts'
import { dayOf, type LetterFile, listLetters, nextStem } from './letter-files.ts'
import { OpenLetterFile } from './open-letter-file.ts'

/** What the writer goes by; as the options of `deadLetter` say it. */
export interface LetterWriterSettings {
  readonly maxBytes: number
  readonly maxFileBytes: number
  readonly whenFull: WhenFull
  readonly retryDelayMs: number
}

/** What has become of a line. */
export type LetterFate = 'kept' | 'dead-letters-full' | 'too-large'

/** So much is written, and synced, at once; and so much waits in memory for it. Unit: bytes. */
export const maxGroupBytes = 1 << 20

/** A line is read back as a whole. Unit: bytes. */
export const maxLetterBytes = 128 * 1024 * 1024

const throughNoLink = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

/** Only its owner looks into the directory. */
const ownerOnly = 0o700

export class LetterWriter {
  readonly directory: string
  /** Lines in files that were removed to make room. */
  linesRemoved = 0
  /** Bytes written. */
  bytesOut = 0
  readonly #fs: FileSystem
  readonly #settings: LetterWriterSettings
  readonly #warn: (warning: LogwispError) => void
  #file: OpenLetterFile | undefined
  #lastStem: string | undefined
  #trouble: 'none' | 'full' | 'no-space' = 'none'
  /** Until when a directory that was full is not looked at again. */
  #fullUntil = -Infinity
  #isOver = false
  #endWait: (() => void) | undefined

  constructor(
    fs: FileSystem,
    directory: string,
    settings: LetterWriterSettings,
    warn: (warning: LogwispError) => void,
  ) {
    this.#fs = fs
    this.directory = directory
    this.#settings = settings
    this.#warn = warn
  }

  /** Whether there was no room at the last look. */
  get isWaitingForRoom(): boolean {
    return this.#trouble !== 'none'
  }

  /**
   * Makes the directory, and finds out whether files can be made in it: so that this is known before anything is rejected.
   *
   * @throws the system's errors
   */
  async open(): Promise<void> {
    await this.#fs.mkdir(this.directory, { recursive: true, mode: ownerOnly })
    // By one name always: what a crash leaves of it goes with the next one.
    const probe = join(this.directory, '.probe')
    try {
      await (await this.#fs.open(probe, throughNoLink, 0o600)).close()
      await this.#fs.rm(probe, { force: true })
    } catch (error) {
      if (!isOutOfSpace(error)) throw error
    }
  }

  /** Writes lines in order; what has become of each, once it is so. Of fewer than were given after {@link stop}. */
  async append(lines: readonly Buffer[]): Promise<LetterFate[]> {
    const fates: LetterFate[] = []
    while (fates.length < lines.length && !this.#isOver) {
      try {
        fates.push(...(await this.#appendSome(lines.slice(fates.length))))
      } catch (error) {
        // Of the file nothing is known any more but what was safe before. The first error is the one to tell.
        await this.#letGo().catch(() => {})
        if (!isOutOfSpace(error)) throw error
        this.#tell('no-space', 'DISK_FULL', `no space in ${this.directory} (${(error as Error).message}): free some`)
        await this.#wait()
      }
    }
    return fates
  }

  /** Ends any wait. */
  stop(): void {
    this.#isOver = true
    this.#endWait?.()
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#letGo()
  }

  /** What has become of the first of the lines, or of the first few; none yet, when it is worth another look. */
  async #appendSome(lines: readonly Buffer[]): Promise<LetterFate[]> {
    const { maxBytes, maxFileBytes } = this.#settings
    const [first] = lines as [Buffer, ...Buffer[]]
    if (first.length > Math.min(maxBytes, maxLetterBytes)) {
      const message = `a rejected entry takes ${first.length} bytes, more than fit: it was dropped; raise maxBytes (${maxBytes}), up to ${maxLetterBytes}`
      this.#warn(new LogwispError('ENTRY_TOO_LARGE', message))
      return ['too-large']
    }
    const room = await this.#roomFor(first.length)
    if (room === undefined) return ['dead-letters-full']
    if (room < first.length) return []
    const file = await this.#fileFor(first.length)
    const group = linesWithin(lines, Math.min(room, maxGroupBytes, maxFileBytes - file.bytes))
    const isThere = await file.append(group)
    this.#trouble = 'none'
    if (!isThere) {
      await this.#letGo()
      return []
    }
    for (const { length } of group) this.bytesOut += length
    return group.map(() => 'kept')
  }

  /** How much there is room for; less than asked for when it is worth another look; undefined: it is to be dropped. */
  async #roomFor(bytes: number): Promise<number | undefined> {
    const { maxBytes, whenFull, retryDelayMs } = this.#settings
    if (maxBytes === Infinity) return Infinity
    const isStillFull = whenFull === 'drop-newest' && performance.now() < this.#fullUntil
    const files = isStillFull ? [] : await this.#list()
    const room = isStillFull ? 0 : maxBytes - files.reduce((sum, file) => sum + file.bytes, 0)
    if (room >= bytes) return room
    if (whenFull === 'drop-oldest' && (await this.#removeOldest(files))) return 0
    this.#fullUntil = performance.now() + retryDelayMs
    const fate = whenFull === 'drop-newest' ? 'rejected entries are dropped' : 'rejected entries wait'
    const message = `the dead letters in ${this.directory} take up what they may (maxBytes is ${maxBytes}), ${fate}: replay them, remove files, or raise maxBytes`
    this.#tell('full', 'DEAD_LETTERS_FULL', message)
    if (whenFull === 'drop-newest') return undefined
    await this.#wait()
    return 0
  }

  async #list(): Promise<LetterFile[]> {
    try {
      return await listLetters(this.#fs, this.directory)
    } catch (error) {
      // Moved away or removed by hand.
      if (isAbsent(error)) return []
      throw error
    }
  }

  /** Removes the oldest file that no replay has taken; false when there is none. */
  async #removeOldest(files: readonly LetterFile[]): Promise<boolean> {
    const oldest = files.find(({ state }) => state === 'written')
    if (oldest === undefined) return false
    if (oldest.stem === this.#file?.stem) await this.#letGo()
    try {
      const lines = await countLines(this.#fs, oldest.path)
      await this.#fs.rm(oldest.path)
      this.linesRemoved += lines
      const message = `${oldest.path} with ${lines} rejected entries was removed for new ones (maxBytes is ${this.#settings.maxBytes}): replay them in time, or raise maxBytes`
      this.#warn(new LogwispError('DEAD_LETTERS_FULL', message))
    } catch (error) {
      // A replay has taken it meanwhile.
      if (!isAbsent(error)) throw error
    }
    return true
  }

  /** The file to append to: another one when this one would get too long, or its day is over. */
  async #fileFor(bytes: number): Promise<OpenLetterFile> {
    const now = Date.now()
    const file = this.#file
    const isGood =
      file !== undefined &&
      (file.bytes === 0 || file.bytes + bytes <= this.#settings.maxFileBytes) &&
      dayOf(file.stem) >= dayOf(nextStem(now, undefined))
    if (isGood) return file
    await this.#letGo()
    this.#lastStem = nextStem(now, this.#lastStem)
    try {
      this.#file = await OpenLetterFile.make(this.#fs, this.directory, this.#lastStem)
    } catch (error) {
      if (!isAbsent(error)) throw error
      // The directory was moved away or removed by hand.
      await this.#fs.mkdir(this.directory, { recursive: true, mode: ownerOnly })
      this.#file = await OpenLetterFile.make(this.#fs, this.directory, this.#lastStem)
    }
    return this.#file
  }

  async #letGo(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  /** Once for each time that the trouble begins. */
  #tell(trouble: 'full' | 'no-space', code: 'DEAD_LETTERS_FULL' | 'DISK_FULL', message: string): void {
    if (this.#trouble === trouble) return
    this.#trouble = trouble
    this.#warn(new LogwispError(code, message))
  }

  /** Keeps the program alive: there is something left to write. */
  async #wait(): Promise<void> {
    if (this.#isOver) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#settings.retryDelayMs)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

/** The first of the lines, and as many after it as are within so many bytes together. */
function linesWithin(lines: readonly Buffer[], bytes: number): readonly Buffer[] {
  let sum = 0
  const end = lines.findIndex(({ length }) => {
    sum += length
    return sum > bytes
  })
  return lines.slice(0, end === -1 ? undefined : Math.max(1, end))
}
