/** Goes through the records of one segment, and finds the way past what is damaged. */

import { crc32 } from 'node:zlib'
import type { OpenFile } from '../file-system.ts'
import { decodeHead, placeBehind, type RecordHead, recordHeadBytes, recordMarker } from './record-format.ts'
import type { Segment } from './segment.ts'

/** A sound record. */
export interface ReadRecord {
  readonly head: RecordHead
  /** In memory of its own. */
  readonly payload: Buffer
}

/** Bytes that are no sound record. */
export interface BadBytes {
  readonly position: number
  readonly bytes: number
}

/** How much is read at once: four of the usual records. */
const windowBytes = 256 * 1024

export class RecordScan {
  readonly #file: OpenFile
  readonly #segment: Segment
  readonly #window: Buffer
  #position: number
  #bad: BadBytes | undefined

  /** Begins at a position; when no record begins there, with the next that does. */
  constructor(file: OpenFile, segment: Segment, position: number) {
    this.#file = file
    this.#segment = segment
    this.#position = position
    this.#window = Buffer.allocUnsafeSlow(windowBytes)
  }

  /** Everything before it was looked at. */
  get position(): number {
    return this.#position
  }

  /** What was passed over since the last sound record, told once. */
  takeBad(): BadBytes | undefined {
    const bad = this.#bad
    this.#bad = undefined
    return bad
  }

  /**
   * Reads on, up to `limit` at most: the next sound records, few enough to hold in memory. None: when the limit was
   * reached, or only bad bytes were passed. `visit` gets each with what is bad before it.
   */
  async read(limit: number, visit: (record: ReadRecord, badBefore: BadBytes | undefined) => void): Promise<void> {
    const length = Math.min(windowBytes, limit - this.#position)
    const bytes = await this.#load(this.#window.subarray(0, length))
    const isCut = bytes.length < length
    const isAll = isCut || this.#position + length >= limit
    let at = 0
    while (at < bytes.length) {
      // The rest of this head comes next.
      if (!isAll && at > 0 && bytes.length - at < recordHeadBytes) return
      const position = this.#position
      const head = this.#headAt(bytes, at)
      if (head === undefined) {
        const next = this.#search(bytes, at + 1)
        // A head may begin in the last bytes, and end in those that come next.
        const end = next ?? (isAll ? bytes.length : Math.max(at + 1, bytes.length - recordHeadBytes + 1))
        this.#pass(end - at)
        at = end
        continue
      }
      const end = placeBehind(head).position
      const next = at + end - position
      if (end > limit || (isCut && next > bytes.length)) {
        // A sound head whose payload was never written.
        this.#pass(recordHeadBytes)
        at += recordHeadBytes
        continue
      }
      if (next > bytes.length) {
        if (at > 0) return
        return this.#readLong(head, visit)
      }
      // In memory of its own: a slice would keep the whole window.
      const payload = copyOf(bytes.subarray(at + recordHeadBytes, next))
      this.#take(head, payload, visit)
      at = next
    }
    if (isCut) this.#pass(limit - this.#position)
  }

  async #readLong(head: RecordHead, visit: (record: ReadRecord, badBefore: BadBytes | undefined) => void) {
    const payload = Buffer.allocUnsafeSlow(head.length)
    const read = await this.#load(payload, recordHeadBytes)
    if (read.length < payload.length) return this.#pass(recordHeadBytes)
    this.#take(head, payload, visit)
  }

  #take(head: RecordHead, payload: Buffer, visit: (record: ReadRecord, badBefore: BadBytes | undefined) => void): void {
    const bytes = recordHeadBytes + head.length
    if (crc32(payload) !== head.checksum) return this.#pass(bytes)
    this.#position += bytes
    visit({ head, payload }, this.takeBad())
  }

  /** Fills a buffer from the file; what is returned is shorter when the file is. */
  async #load(into: Buffer, from = 0): Promise<Buffer> {
    const offset = this.#segment.offsetOf(this.#position) + from
    let length = 0
    while (length < into.length) {
      const { bytesRead } = await this.#file.read(into, length, into.length - length, offset + length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return into.subarray(0, length)
  }

  #headAt(bytes: Buffer, at: number): RecordHead | undefined {
    const head = decodeHead(bytes, at)
    // What looks like a record, and says that it stands elsewhere, is a copy of one: in a log line, say.
    return head?.position === this.#position ? head : undefined
  }

  /** Where in the bytes the next head is. */
  #search(bytes: Buffer, from: number): number | undefined {
    const base = this.#position - (from - 1)
    for (let at = bytes.indexOf(recordMarker, from); at !== -1; at = bytes.indexOf(recordMarker, at + 1)) {
      if (decodeHead(bytes, at)?.position === base + at) return at
    }
    return undefined
  }

  #pass(bytes: number): void {
    this.#bad = { position: this.#bad?.position ?? this.#position, bytes: (this.#bad?.bytes ?? 0) + bytes }
    this.#position += bytes
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
