/**
 * What is known of the segments beside what they say themselves, in a small file that is written in place: how far they were
 * synced, so that what is damaged before that is told from the torn end that a crash leaves behind it; and, on a full disk
 * where no new `place.json` can be written, how far those went that were removed.
 *
 * After a sync of the segments it costs one short write, and never a sync: what a power cut leaves of it is an older place,
 * which was synced too; or nothing that can be read, and then nothing is known.
 *
 * ```
 *   synced position, ordinal; acknowledged position, ordinal, and where its record begins; CRC-32 of what stands before it
 *   0000000016777180 0000000000120311 0000000000000000 0000000000000000 0000000000000000 8c2f01d7\n
 * ```
 */

import { constants } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { LogwispError } from '../../errors.ts'
import { reasonOf } from '../checkpoint-file.ts'
import type { FileSystem, OpenFile } from '../file-system.ts'
import type { QueuePlace } from './record-format.ts'
import type { ReaderPlace } from './record-origins.ts'

const fileName = 'synced'
const pattern = /^((?:\d{16} ){5})([0-9a-f]{8})\n/

/** Makes the file if need be; leaves in it what is there; a link that somebody put there leads to nothing. */
const inPlace = constants.O_WRONLY | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

interface Marks {
  readonly synced: QueuePlace
  readonly done: ReaderPlace
}

const nothing: Marks = { synced: { position: 0, ordinal: 0 }, done: { position: 0, ordinal: 0, record: 0 } }

export class SyncedMark {
  readonly #fileSystem: FileSystem
  readonly #path: string
  readonly #warn: (warning: LogwispError) => void
  #marks: Marks
  #isDirty = false
  #file: OpenFile | undefined
  #isWriting = false
  #writing: Promise<void> = Promise.resolve()
  #isFailing = false

  private constructor(fileSystem: FileSystem, path: string, marks: Marks, warn: (warning: LogwispError) => void) {
    this.#fileSystem = fileSystem
    this.#path = path
    this.#marks = marks
    this.#warn = warn
  }

  /** Reads what an earlier run has noted. Nothing depends on it but what is told of damage, so it fails nothing. */
  static async load(
    fileSystem: FileSystem,
    directory: string,
    warn: (warning: LogwispError) => void,
  ): Promise<SyncedMark> {
    const path = join(directory, fileName)
    let marks = nothing
    try {
      marks = marksIn(await fileSystem.readFile(path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(markFailed(`${path} could not be read`, error))
    }
    return new SyncedMark(fileSystem, path, marks, warn)
  }

  /** Everything before it was synced at some time. */
  get synced(): QueuePlace {
    return this.#marks.synced
  }

  /** Everything before it was acknowledged, although `place.json` may not say so. */
  get done(): ReaderPlace {
    return this.#marks.done
  }

  /** Notes that everything before a place is synced; nobody waits for it. */
  noteSynced({ position, ordinal }: QueuePlace): void {
    if (position <= this.synced.position) return
    this.#change({ ...this.#marks, synced: { position, ordinal } })
  }

  /** Notes that everything before a place is acknowledged; settles once that is safe, or can not be made so. */
  async noteDone({ position, ordinal, record }: ReaderPlace): Promise<void> {
    this.#change({ ...this.#marks, done: { position, ordinal, record } })
    await this.#writing
    await this.#file?.datasync().catch(() => {})
  }

  async close(): Promise<void> {
    await this.#writing
    const file = this.#file
    this.#file = undefined
    await file?.close().catch(() => {})
  }

  #change(marks: Marks): void {
    this.#marks = marks
    this.#isDirty = true
    if (this.#isWriting) return
    this.#isWriting = true
    this.#writing = this.#write()
  }

  async #write(): Promise<void> {
    try {
      while (this.#isDirty) {
        this.#isDirty = false
        this.#file ??= await this.#fileSystem.open(this.#path, inPlace, 0o600)
        const text = textOf(this.#marks)
        const { bytesWritten } = await this.#file.writev([text], 0)
        if (bytesWritten < text.length) throw new Error(`only ${bytesWritten} bytes were written`)
      }
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) this.#warn(markFailed(`${this.#path} could not be written`, error))
      this.#isFailing = true
    } finally {
      // In the same turn: whoever notes something from now on begins anew.
      this.#isWriting = false
    }
  }
}

function textOf({ synced, done }: Marks): Buffer {
  const all = [synced.position, synced.ordinal, done.position, done.ordinal, done.record]
  const numbers = all.map((number) => `${String(number).padStart(16, '0')} `).join('')
  return Buffer.from(`${numbers}${checksumOf(numbers)}\n`)
}

/** What a crash left half written says nothing. */
function marksIn(text: string): Marks {
  const [, numbers, checksum] = pattern.exec(text) ?? []
  if (numbers === undefined || checksum !== checksumOf(numbers)) return nothing
  const [position, ordinal, ...done] = numbers.split(' ').map(Number) as [number, number, number, number, number]
  return { synced: { position, ordinal }, done: { position: done[0], ordinal: done[1], record: done[2] } }
}

function checksumOf(numbers: string): string {
  return crc32(numbers).toString(16).padStart(8, '0')
}

function markFailed(what: string, cause: unknown): LogwispError {
  const advice =
    'nothing is lost, but damage at the end of the last segment may be taken for a torn end. Check the disk'
  return new LogwispError('CHECKPOINT_FAILED', `${what} (${reasonOf(cause)}): ${advice}`, { cause })
}
