/** Writes records to the file of one segment, so that after each call it holds whole records only, or is known to be torn. */

import { dirname } from 'node:path'
import { type FileSystem, isOutOfSpace, type OpenFile } from '../file-system.ts'
import { syncDirectory } from '../sync-directory.ts'
import type { Parcel } from './parcels.ts'
import { encodeHead, placeBehind, type QueuePlace } from './record-format.ts'
import { Segment } from './segment.ts'
import { encodeSegmentHead, newSegmentId } from './segment-format.ts'

/** What became of parcels: so many were written whole, and what kept the next one from being: only that the disk is full. */
export interface Written {
  readonly parcels: number
  readonly outOfSpace?: unknown
}

export class SegmentWriter {
  readonly segment: Segment
  readonly #fileSystem: FileSystem
  readonly #file: OpenFile
  readonly #head: Buffer
  /** How much of the file is whole. */
  #size = 0
  #isInDirectory = false

  private constructor(fileSystem: FileSystem, file: OpenFile, directory: string, start: QueuePlace) {
    this.#fileSystem = fileSystem
    this.#file = file
    this.segment = new Segment(directory, start.position, start, false)
    this.#head = encodeSegmentHead({ ...start, id: newSegmentId() })
  }

  /** Makes the file of a segment that begins at a place. Its head is written with its first record. */
  static async create(fileSystem: FileSystem, directory: string, start: QueuePlace): Promise<SegmentWriter> {
    const { path } = new Segment(directory, start.position, start, false)
    const file = await fileSystem.open(path, 'wx', 0o600)
    return new SegmentWriter(fileSystem, file, directory, start)
  }

  /** Whether it has a record. */
  get hasRecords(): boolean {
    return this.#size > 0
  }

  /**
   * Writes parcels. When some do not fit on the disk, what is written of the first of them is taken back.
   *
   * @throws any other error of the system. The file may be torn then: nothing may be written to it any more.
   */
  async write(parcels: readonly Parcel[]): Promise<Written> {
    const buffers = this.#size === 0 ? [this.#head] : []
    const ends: QueuePlace[] = []
    let place = this.segment.end
    for (const { payload, length, checksum, entries } of parcels) {
      // One without a payload takes no place: nobody could read a record of it.
      if (length > 0) {
        const head = { length, checksum, ...place, entries }
        buffers.push(encodeHead(head), ...payload)
        place = placeBehind(head)
      }
      ends.push(place)
    }
    let outOfSpace: unknown
    let end = this.#size
    try {
      for (let left = buffers; left.length > 0; ) {
        const { bytesWritten } = await this.#file.writev(left, end)
        if (bytesWritten === 0) throw new Error('the system writes nothing and does not say why')
        end += bytesWritten
        left = behind(left, bytesWritten)
      }
    } catch (error) {
      if (!isOutOfSpace(error)) throw error
      outOfSpace = error
    }
    const whole = this.#keepWhole(ends, end)
    if (outOfSpace === undefined) return { parcels: whole }
    await this.#file.truncate(this.#size)
    return { parcels: whole, outOfSpace }
  }

  /** Keeps those of which all is written: so many, by where they end. */
  #keepWhole(ends: readonly QueuePlace[], end: number): number {
    let whole = 0
    for (const place of ends) {
      if (this.segment.offsetOf(place.position) > end) break
      this.segment.end = place
      whole++
    }
    if (whole > 0) this.#size = this.segment.bytes
    return whole
  }

  /** Makes what is written, and the file itself, safe from a power cut. */
  async sync(): Promise<void> {
    await this.#file.datasync()
    if (this.#isInDirectory) return
    await syncDirectory(this.#fileSystem, dirname(this.segment.path))
    this.#isInDirectory = true
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}

/** What is left of buffers behind their first bytes. */
function behind(buffers: readonly Buffer[], bytes: number): Buffer[] {
  let done = 0
  let left = bytes
  while (done < buffers.length && left >= (buffers[done] as Buffer).length) {
    left -= (buffers[done] as Buffer).length
    done++
  }
  const rest = buffers.slice(done)
  if (left > 0) rest[0] = (rest[0] as Buffer).subarray(left)
  return rest
}
