/**
 * A queue of entries and batches on the disk: what is put is written to segments, read from there in order, and removed
 * once it was acknowledged. A pure machine over a file system; keeping others out of its directory is its user's business.
 *
 * ```
 *                      place.json: acknowledged up to here
 *                           v
 *   [ segment, removed ] [ segment ][ segment ] [ segment, being written ]   parcels, in memory  <- put()
 *                                 ^ take()
 * ```
 *
 * What it does to its files: reads all of `place.json` and replaces it (see checkpoint-file.ts); makes a segment with
 * `open(…, 'wx')`; writes whole records to it with `writev` at their place; makes it safe with `datasync`, and once with
 * `sync` of the directory, before anything is acknowledged; on a full disk takes a torn record back with `truncate`;
 * notes in `synced` how far that is (see synced-mark.ts); never writes to a segment of an earlier run,
 * but cuts the torn end of the last one; removes a segment only after `place.json` says that its entries were acknowledged.
 */

import type { Batch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import { Tracker } from '../../tracker.ts'
import { entriesOf } from '../bounded-queue.ts'
import type { FileSystem } from '../file-system.ts'
import type { DiskQueueSettings } from './disk-queue-settings.ts'
import { bufferFailed, type Damage, segmentCorrupt } from './disk-trouble.ts'
import { QueueReader } from './queue-reader.ts'
import { QueueWriter } from './queue-writer.ts'
import { ReaderPosition } from './reader-position.ts'
import type { QueuePlace } from './record-format.ts'
import { beginOf, makeDirectory, type Recovered, recover } from './recover.ts'
import type { Segment } from './segment.ts'
import { SegmentKeeper } from './segment-keeper.ts'
import type { QueueHooks, StageQueue } from './stage-queue.ts'
import { SyncedMark } from './synced-mark.ts'

export class DiskQueue implements StageQueue {
  readonly #hooks: QueueHooks
  readonly #directory: string
  readonly #fileSystem: FileSystem
  readonly #segments: Segment[]
  readonly #mark: SyncedMark
  readonly #keeper: SegmentKeeper
  readonly #reader: QueueReader
  readonly #writer: QueueWriter
  /** Of the last entry that was put. */
  #lastOrdinal: number
  /** Where what was taken last ends, and who waits for its acknowledgement. */
  #taken = 0
  #onAcknowledged: () => void = () => {}
  #isFailed = false

  private constructor(
    fileSystem: FileSystem,
    directory: string,
    settings: DiskQueueSettings,
    hooks: QueueHooks,
    { segments, start, end }: Recovered,
    position: ReaderPosition,
    mark: SyncedMark,
  ) {
    const { warn, written } = hooks
    const failed = (error: unknown): void => this.#fail(error)
    this.#hooks = hooks
    this.#directory = directory
    this.#fileSystem = fileSystem
    this.#segments = segments
    this.#mark = mark
    this.#lastOrdinal = end.ordinal
    const removed = (): void => this.#writer.roomCame()
    this.#keeper = new SegmentKeeper({ fileSystem, segments, start, position, mark, warn, removed, failed })
    const tracker = new Tracker((origin) => {
      this.#keeper.acknowledge(origin)
      if (this.#isAcknowledged) this.#onAcknowledged()
    })
    const damaged = (damage: Damage): void => this.#damaged(damage)
    const keeper = this.#keeper
    const passed = (given: number, end: QueuePlace): void => keeper.passAfter(given, end)
    this.#reader = new QueueReader({ fileSystem, segments, start, tracker, damaged, passed })
    const refused = (entries: number): void => {
      this.#lastOrdinal -= entries
      hooks.dropped('buffer-full', entries)
    }
    const passOver = (segment: Segment): Promise<void> => this.#passOver(segment)
    this.#writer = new QueueWriter({
      ...{ fileSystem, directory, settings, segments, keeper, end },
      ...{ warn, written, refused, passOver, failed },
      synced: (place) => mark.noteSynced(place),
    })
  }

  /**
   * Opens the queue in a directory, or begins one.
   *
   * @throws LogwispError `BUFFER_FAILED`, `BUFFER_NEWER`.
   */
  static async open(
    fileSystem: FileSystem,
    directory: string,
    settings: DiskQueueSettings,
    hooks: QueueHooks,
  ): Promise<DiskQueue> {
    const { warn } = hooks
    const isDurable = settings.fsync !== 'never'
    try {
      await makeDirectory(fileSystem, directory, isDurable)
      const position = await ReaderPosition.load(fileSystem, directory, warn)
      const mark = await SyncedMark.load(fileSystem, directory, warn)
      const place = mark.done.position > (position.saved?.position ?? 0) ? mark.done : position.saved
      const recovered = await recover(fileSystem, directory, place, { isDurable, synced: mark.synced, warn })
      if (isDurable && recovered.segments.length > 0) mark.noteSynced(recovered.end)
      return new DiskQueue(fileSystem, directory, settings, hooks, recovered, position, mark)
    } catch (error) {
      throw bufferFailed(directory, error)
    }
  }

  get entriesHeld(): number {
    return this.#lastOrdinal - this.#reader.ordinal
  }

  get bytesHeld(): number {
    let bytes = 0
    for (const segment of this.#segments) if (!segment.isEmpty) bytes += segment.bytes
    return bytes
  }

  get segments(): number {
    return this.#segments.length
  }

  get isWaitingForSpace(): boolean {
    return this.#writer.isWaitingForSpace
  }

  whenAcknowledged(): Promise<void> {
    if (this.#isAcknowledged) return Promise.resolve()
    return new Promise((resolve) => (this.#onAcknowledged = resolve))
  }

  get #isAcknowledged(): boolean {
    return this.#keeper.acknowledged >= this.#taken
  }

  /** It is acknowledged once it is as safe as `fsync` says. */
  put(item: LogEntry | Batch): void {
    this.#lastOrdinal += entriesOf(item)
    this.#writer.put(item)
  }

  whenReady(): void | Promise<void> {
    return this.#writer.whenReady()
  }

  settle(): Promise<void> {
    return this.#writer.settle()
  }

  take(): LogEntry | Batch | undefined {
    const item = this.#reader.take()
    if (item?.origin !== undefined) this.#taken = item.origin.sequence
    return item
  }

  async fill(): Promise<boolean> {
    if (this.#isFailed) return false
    try {
      return await this.#reader.fill()
    } catch (error) {
      this.#fail(error)
      return false
    }
  }

  keep(): void {}

  async close(): Promise<void> {
    this.#isFailed = true
    try {
      await this.#writer.stop()
    } finally {
      // Whatever fails to close: nothing may go on in the directory, which is the next one's from now on.
      await this.#reader.close().finally(() => Promise.all([this.#keeper.close(), this.#mark.close()]))
    }
  }

  async #passOver(segment: Segment): Promise<void> {
    let { end } = segment
    if (Number.isNaN(end.ordinal)) {
      const next = this.#segments[this.#segments.indexOf(segment) + 1] as Segment
      end = { position: end.position, ordinal: (await beginOf(this.#fileSystem, next)).ordinal }
    }
    segment.isDropped = true
    const entries = this.#reader.skipTo(end)
    if (entries > 0) this.#hooks.dropped('buffer-full', entries)
    this.#keeper.pass(end)
  }

  #damaged(damage: Damage): void {
    if (damage.entries > 0) this.#hooks.dropped('corrupt', damage.entries)
    this.#hooks.warn(segmentCorrupt(damage))
  }

  #fail(error: unknown): void {
    if (this.#isFailed) return
    this.#isFailed = true
    this.#hooks.failed(bufferFailed(this.#directory, error))
  }
}
