/**
 * Writes what was put into a queue: one loop that writes, syncs and begins new segments, so that no two of these
 * overlap, and nothing is done after the first failure.
 */

import type { Batch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import type { LogwispError } from '../../errors.ts'
import { type FileSystem, isOutOfSpace } from '../file-system.ts'
import type { DiskQueueSettings } from './disk-queue-settings.ts'
import { diskFull } from './disk-trouble.ts'
import { type Parcel, Parcels, recordBytes, type Taken } from './parcels.ts'
import type { QueuePlace } from './record-format.ts'
import type { Segment } from './segment.ts'
import { segmentHeadBytes } from './segment-format.ts'
import type { SegmentKeeper } from './segment-keeper.ts'
import { SegmentWriter } from './segment-writer.ts'
import { UnsafeEntries } from './unsafe-entries.ts'

/** How much may wait to be written before who puts has to wait: 32 read blocks, in one write. */
const maxWaitingBytes = 2 << 20

export interface QueueWriterOptions {
  readonly fileSystem: FileSystem
  readonly directory: string
  readonly settings: DiskQueueSettings
  readonly segments: Segment[]
  readonly keeper: SegmentKeeper
  /** Where the first record goes. */
  readonly end: QueuePlace
  readonly warn: (warning: LogwispError) => void
  /** Something was written, and can be read. */
  readonly written: () => void
  /** Everything before a place is synced. */
  readonly synced: (place: QueuePlace) => void
  /** Entries that were put were dropped: there was no room. */
  readonly refused: (entries: number) => void
  /** The oldest segment has to go: makes the reader pass over it. */
  readonly passOver: (segment: Segment) => Promise<void>
  readonly failed: (error: unknown) => void
}

export class QueueWriter {
  readonly #options: QueueWriterOptions
  readonly #parcels = new Parcels()
  readonly #unsafe: UnsafeEntries
  #writer: SegmentWriter | undefined
  #end: QueuePlace
  #working: Promise<void> | undefined
  #isStopped = false
  #isDiskFull = false
  /** Ends the wait for room, or for space on the disk. */
  #wake: () => void = () => {}
  #roomWaiters: (() => void)[] = []

  constructor(options: QueueWriterOptions) {
    this.#options = options
    this.#unsafe = new UnsafeEntries(options.settings, () => void this.#work())
    this.#end = options.end
  }

  /** Whether the disk was full at the last try. */
  get isWaitingForSpace(): boolean {
    return this.#isDiskFull
  }

  put(item: LogEntry | Batch): void {
    this.#parcels.add(item)
    void this.#work()
  }

  /** Settles once more can be put without holding more memory than it may. */
  whenReady(): void | Promise<void> {
    if (this.#parcels.bytes < maxWaitingBytes || this.#isStopped) return
    return new Promise((resolve) => this.#roomWaiters.push(resolve))
  }

  /** Settles once everything that was put is written, and as safe as it is to be; or once it has failed. */
  async settle(): Promise<void> {
    await this.#work()
    this.#unsafe.hurry()
    await this.#work()
  }

  /** A segment was removed. */
  roomCame(): void {
    this.#wake()
  }

  /** Nothing more is written, synced or acknowledged. What was not written is not kept. */
  async stop(): Promise<void> {
    this.#halt()
    await this.#working
    const writer = this.#writer
    this.#writer = undefined
    if (writer === undefined) return
    await writer.close()
    if (writer.hasRecords) writer.segment.isSealed = true
    else await this.#options.fileSystem.rm(writer.segment.path, { force: true })
  }

  #halt(): void {
    this.#isStopped = true
    this.#unsafe.stop()
    this.#wake()
    for (const resolve of this.#roomWaiters.splice(0)) resolve()
  }

  #work(): Promise<void> {
    this.#working ??= this.#loop()
    return this.#working
  }

  async #loop(): Promise<void> {
    // What else comes in the same turn goes out together.
    await undefined
    try {
      while (!this.#isStopped && (!this.#parcels.isEmpty || this.#unsafe.isSyncDue)) {
        if (this.#unsafe.isSyncDue) await this.#sync()
        else await this.#write(this.#parcels.first() as Parcel)
      }
    } catch (error) {
      this.#halt()
      this.#options.failed(error)
    } finally {
      this.#working = undefined
    }
  }

  async #write(first: Parcel): Promise<void> {
    const bytes = recordBytes(first)
    if (bytes === 0) return this.#account([this.#parcels.shift() as Parcel], 0)
    if (!(await this.#makeRoom(bytes))) return
    if (this.#isFullFor(bytes)) await this.#seal()
    const writer = this.#writer ?? (await this.#begin())
    if (writer === undefined) return
    const before = writer.segment.end.position
    const load = this.#load(writer.segment)
    const { parcels, outOfSpace } = await writer.write(load)
    this.#parcels.unshift(load.slice(parcels))
    this.#end = writer.segment.end
    this.#account(load.slice(0, parcels), this.#end.position - before)
    if (parcels > 0) this.#options.written()
    if (this.#options.settings.fsync === 'always') await this.#sync()
    if (outOfSpace !== undefined) await this.#waitForSpace(outOfSpace)
    else this.#isDiskFull = false
  }

  /** Takes off what goes into the segment with one write; at least the first. */
  #load(segment: Segment): Parcel[] {
    const { maxBytes, segmentBytes } = this.#options.settings
    let room = Math.min(maxBytes - this.#bytesHeld(), segmentBytes - segment.bytes)
    const load: Parcel[] = []
    for (let next = this.#parcels.first(); next !== undefined; next = this.#parcels.first()) {
      room -= recordBytes(next)
      if (load.length > 0 && room < 0) break
      load.push(this.#parcels.shift() as Parcel)
    }
    return load
  }

  /** Parcels are written, or dropped: there is room for others. */
  #account(parcels: readonly Parcel[], bytes: number): void {
    this.#unsafe.add(parcels, bytes)
    if (this.#parcels.bytes < maxWaitingBytes) for (const resolve of this.#roomWaiters.splice(0)) resolve()
  }

  /** Nothing is put or acknowledged meanwhile; so what was written before is what becomes safe. */
  async #sync(): Promise<void> {
    this.#unsafe.begun()
    if (!this.#unsafe.isUnsynced) return
    await (this.#writer as SegmentWriter).sync()
    this.#unsafe.synced()
    this.#options.synced(this.#end)
  }

  /** The segment that is being written gets no more. */
  async #seal(): Promise<void> {
    const writer = this.#writer as SegmentWriter
    await this.#sync()
    this.#writer = undefined
    await writer.close()
    writer.segment.isSealed = true
    await this.#options.keeper.tidy()
  }

  /** Undefined when the disk is full: it is tried again. */
  async #begin(): Promise<SegmentWriter | undefined> {
    const { fileSystem, directory, segments } = this.#options
    try {
      this.#writer = await SegmentWriter.create(fileSystem, directory, this.#end)
    } catch (error) {
      if (!isOutOfSpace(error)) throw error
      await this.#waitForSpace(error)
      return undefined
    }
    segments.push(this.#writer.segment)
    return this.#writer
  }

  #bytesHeld(): number {
    let bytes = 0
    for (const segment of this.#options.segments) bytes += segment.bytes
    return bytes
  }

  /** Whether a record must go into another segment than the one that is being written. */
  #isFullFor(bytes: number): boolean {
    const writer = this.#writer
    return writer?.hasRecords === true && writer.segment.bytes + bytes > this.#options.settings.segmentBytes
  }

  #hasRoomFor(bytes: number): boolean {
    const { segments, settings } = this.#options
    const head = this.#writer === undefined || this.#isFullFor(bytes) ? segmentHeadBytes : 0
    // What is larger than the bound is let in alone.
    if (segments.every(({ isEmpty }) => isEmpty)) return true
    return this.#bytesHeld() + head + bytes <= settings.maxBytes
  }

  /** False: the parcel was dropped, or nothing more is to be written. */
  async #makeRoom(bytes: number): Promise<boolean> {
    const { settings, segments, keeper, passOver } = this.#options
    while (!this.#hasRoomFor(bytes)) {
      if (this.#isStopped) return false
      // Only whole segments go, so the one that is being written is to be one.
      if (this.#writer?.hasRecords) await this.#seal()
      else await keeper.tidy()
      if (this.#hasRoomFor(bytes)) break
      const oldest = segments.find(({ isDropped }) => !isDropped)
      if (settings.whenFull === 'drop-newest') {
        this.#refuse()
        return false
      }
      if (settings.whenFull === 'block' || oldest === undefined) await this.#untilWoken()
      else await passOver(oldest)
    }
    return !this.#isStopped
  }

  #refuse(): void {
    const parcel = this.#parcels.shift() as Parcel
    this.#options.refused(parcel.entries)
    const passed: Taken[] = []
    for (const { first, origin, entries } of parcel.taken) {
      if (first !== undefined) origin.tracker.books?.drop(first, origin, entries, 'buffer-full')
      passed.push({ first: undefined, origin, entries: 0 })
    }
    this.#account([{ ...parcel, taken: passed }], 0)
  }

  #untilWoken(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    return new Promise((resolve) => (this.#wake = resolve))
  }

  async #waitForSpace(cause: unknown): Promise<void> {
    const { directory, settings, warn } = this.#options
    if (!this.#isDiskFull) warn(diskFull(directory, cause))
    this.#isDiskFull = true
    const timer = setTimeout(() => this.#wake(), settings.retryDelayMs)
    await this.#untilWoken()
    clearTimeout(timer)
  }
}
