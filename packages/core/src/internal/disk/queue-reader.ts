/** Reads a queue's records in order across its segments, and knows what is missing between them. */

import type { Batch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import type { OriginTracker } from '../../origin.ts'
import { entriesOf } from '../bounded-queue.ts'
import type { FileSystem, OpenFile } from '../file-system.ts'
import type { Damage } from './disk-trouble.ts'
import { type QueuePlace, recordHeadBytes } from './record-format.ts'
import { itemsOf } from './record-items.ts'
import type { ReaderPlace } from './record-origins.ts'
import { type BadBytes, type ReadRecord, RecordScan } from './record-scan.ts'
import { readHead } from './recover.ts'
import type { Segment } from './segment.ts'

/** What a reader reads from, and whom it tells. */
export interface QueueReaderOptions {
  readonly fileSystem: FileSystem
  /** The queue's segments in order; it looks at them anew each time. */
  readonly segments: readonly Segment[]
  readonly start: ReaderPlace
  /** Takes the acknowledgements of what is read. */
  readonly tracker: OriginTracker
  /** Told of entries that can not be read any more. */
  readonly damaged: (damage: Damage) => void
  /** The end of a segment is damaged: nobody will acknowledge it behind what was given last, which ends at `given`. */
  readonly passed: (given: number, end: QueuePlace) => void
}

/** A segment that is being read. */
interface Reading {
  readonly segment: Segment
  readonly file: OpenFile
  readonly id: string
  readonly scan: RecordScan
}

export class QueueReader {
  readonly #options: QueueReaderOptions
  #reading: Reading | undefined
  #ready: (LogEntry | Batch)[] = []
  #readyEntries = 0
  /** Behind what was read, be it ready or taken. */
  #ordinal: number
  #position: number
  /** Where what was made ready last ends. */
  #given: number
  /** Damage at the end of a segment of which only the next one tells how many entries it took. */
  #unsettled: { readonly segment: Segment; readonly bad: BadBytes } | undefined

  constructor(options: QueueReaderOptions) {
    this.#options = options
    this.#ordinal = options.start.ordinal
    this.#position = options.start.record
    this.#given = options.start.position
  }

  /** The ordinal of the entry that is taken next. */
  get ordinal(): number {
    return this.#ordinal - this.#readyEntries
  }

  /** The next item, of those that are in memory. */
  take(): LogEntry | Batch | undefined {
    const item = this.#ready.shift()
    if (item !== undefined) this.#readyEntries -= entriesOf(item)
    return item
  }

  /**
   * Reads until an item can be taken. False: all that is written was read.
   *
   * @throws the system's errors; BUFFER_NEWER.
   */
  async fill(): Promise<boolean> {
    while (this.#ready.length === 0) {
      const reading = this.#reading ?? (await this.#open())
      if (reading === undefined) return false
      const { segment, scan } = reading
      if (segment.isDropped) await this.close()
      else if (scan.position < segment.end.position) await this.#read(reading)
      else {
        this.#atEnd(reading)
        if (!segment.isSealed) return false
        await this.close()
      }
    }
    return true
  }

  /** Entries up to a place are not to be given: those that are in memory go too. Returns how many entries that were. */
  skipTo({ position, ordinal }: QueuePlace): number {
    const skipped = Math.max(0, ordinal - this.ordinal)
    if (position <= this.#position && this.#readyEntries === 0) return 0
    this.#ready = []
    this.#readyEntries = 0
    this.#ordinal = Math.max(this.#ordinal, ordinal)
    this.#position = Math.max(this.#position, position)
    return skipped
  }

  async close(): Promise<void> {
    const reading = this.#reading
    this.#reading = undefined
    // Nothing was written through it: what it says when it closes is no matter.
    await reading?.file.close().catch(() => {})
  }

  async #open(): Promise<Reading | undefined> {
    // One without records, of which a power cut took what was in it, has nothing to pass: it would be opened for ever.
    const segment = this.#options.segments.find(({ end, isEmpty }) => !isEmpty && end.position > this.#position)
    if (segment === undefined) return undefined
    let file: OpenFile | undefined
    try {
      file = await this.#options.fileSystem.open(segment.path, 'r')
      const head = await readHead(file, segment)
      const scan = new RecordScan(file, segment, Math.max(segment.from, this.#position))
      this.#reading = { segment, file, scan, id: head?.id ?? `damaged-${segment.from}` }
      return this.#reading
    } catch (error) {
      await file?.close()
      // Removed meanwhile: the next one, then.
      if (segment.isDropped) return this.#open()
      throw error
    }
  }

  async #read(reading: Reading): Promise<void> {
    const { scan, segment } = reading
    await scan.read(segment.end.position, (record, bad) => this.#take(reading, record, bad))
    if (!segment.isDropped) this.#position = Math.max(this.#position, scan.position)
  }

  #take({ segment, id }: Reading, { head, payload }: ReadRecord, bad: BadBytes | undefined): void {
    if (segment.isDropped) return
    const { tracker, start } = this.#options
    const end = head.position + recordHeadBytes + head.length
    if (end <= start.position) return
    let items: (LogEntry | Batch)[]
    try {
      items = itemsOf({ tracker, segmentId: id, head }, payload, start.position)
    } catch {
      // A sound checksum over what nobody of us wrote.
      return this.#missed(segment, { position: head.position, bytes: end - head.position }, head.ordinal + head.entries)
    }
    // Of a record that is begun already, the rest is expected.
    const first = head.position < start.position ? start.ordinal : head.ordinal
    this.#missed(segment, bad ?? { position: head.position, bytes: 0 }, first)
    for (const item of items) {
      this.#ready.push(item)
      this.#readyEntries += entriesOf(item)
    }
    this.#given = end
    this.#ordinal = head.ordinal + head.entries
  }

  /** All that the segment has was read. */
  #atEnd({ segment, scan }: Reading): void {
    const { ordinal } = segment.end
    const bad = scan.takeBad()
    if (bad !== undefined && segment.isSealed && !Number.isNaN(ordinal)) this.#options.passed(this.#given, segment.end)
    if (!Number.isNaN(ordinal)) this.#missed(segment, bad ?? { position: segment.end.position, bytes: 0 }, ordinal)
    else if (bad !== undefined) this.#unsettled ??= { segment, bad }
  }

  /** Tells of what is damaged, or of entries that are not there, before the entry with this ordinal. */
  #missed(segment: Segment, bad: BadBytes, ordinal: number): void {
    const { segment: where, bad: what } = this.#unsettled ?? { segment, bad }
    this.#unsettled = undefined
    const entries = Math.max(0, ordinal - this.#ordinal)
    if (entries === 0 && what.bytes === 0) return
    this.#ordinal += entries
    this.#options.damaged({ path: where.path, offset: where.offsetOf(what.position), bytes: what.bytes, entries })
  }
}
