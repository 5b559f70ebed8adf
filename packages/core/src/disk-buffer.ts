/** `diskBuffer`: keeps entries on the disk until what comes after it has them safe, across crashes and restarts. */

import { join, resolve } from 'node:path'
import { Duplex, finished, type Writable } from 'node:stream'
import { isBatch } from './batch.ts'
import { isLogEntry } from './entry.ts'
import { type LogwispError, OptionError } from './errors.ts'
import { entriesOf, type WhenFull } from './internal/bounded-queue.ts'
import { DiskQueue } from './internal/disk/disk-queue.ts'
import { type DiskQueueSettings, diskQueueRules } from './internal/disk/disk-queue-settings.ts'
import { bufferFailed, diskFull, isOutOfSpace } from './internal/disk/disk-trouble.ts'
import { makeDirectory } from './internal/disk/recover.ts'
import { realFileSystem } from './internal/file-system.ts'
import { Ledger } from './internal/ledger.ts'
import { takeBatches } from './internal/negotiation.ts'
import { notAnEntry } from './internal/not-an-entry.ts'
import { Outlet } from './internal/outlet.ts'
import { readThroughOutlet } from './internal/read-through-outlet.ts'
import { type FileLock, lockFile } from './lock-file.ts'
import { checkArgument, checkOptions, option } from './options.ts'
import type { StageStats } from './stats.ts'

/** The options of {@link diskBuffer}. */
export interface DiskBufferOptions {
  /**
   * How much of the disk its segments may take. What is larger than that by itself is let in alone.
   *
   * Unit: bytes, at least 4096.
   * @default 1_073_741_824
   */
  readonly maxBytes?: number | undefined
  /**
   * How large a segment gets, a file of entries. Room comes by whole segments: once all entries of one are acknowledged.
   * What is larger than that by itself gets a segment of its own.
   *
   * Unit: bytes, at least 1024, at most `maxBytes`. A quarter of `maxBytes` when that is less than the default.
   * @default 16_777_216
   */
  readonly segmentBytes?: number | undefined
  /**
   * When it is full: `block` makes what comes before it wait, `drop-newest` drops the entries that come, `drop-oldest`
   * drops the oldest segment. Dropped entries are counted under `buffer-full`.
   * @default 'block'
   */
  readonly whenFull?: WhenFull | undefined
  /**
   * When what was written is made safe from a power cut, and thus when entries are acknowledged to what comes before:
   * - `'never'`: acknowledged once written. Safe when the program crashes, not when the machine does.
   * - `'interval'`: synced every `fsyncIntervalMs`, and after 16 MiB; acknowledged then.
   * - `'always'`: synced after every write (of all that waits, up to about 2 MiB); acknowledged then.
   * @default 'interval'
   */
  readonly fsync?: 'never' | 'interval' | 'always' | undefined
  /**
   * How long entries may wait for their sync, with `fsync: 'interval'`.
   *
   * Unit: ms, at least 1.
   * @default 1000
   */
  readonly fsyncIntervalMs?: number | undefined
  /**
   * How long to wait on a full disk before trying again.
   *
   * Unit: ms, at least 1.
   * @default 1000
   */
  readonly retryDelayMs?: number | undefined
}

/** The books of a disk buffer. What it found on the disk when it was opened counts as taken then. */
export interface DiskBufferStats extends StageStats {
  /** How many bytes its segments have. */
  readonly bytesHeld: number
  /** How many segments there are. */
  readonly segments: number
  /** `'warning'` events. */
  readonly warnings: number
  /** Whether the disk is full at this moment, so that entries wait. */
  readonly isWaitingForSpace: boolean
}

/** What a disk buffer tells of. */
export interface DiskBufferEvents {
  /** Once: it is open. What an earlier run left is in its books. */
  ready: []
  /** Survived: `DISK_FULL`, `SEGMENT_CORRUPT`, `TORN_SEGMENT`, `CHECKPOINT_FAILED`, `CHECKPOINT_CORRUPT`. */
  warning: [LogwispError]
}

/** What {@link diskBuffer} returns. */
export interface DiskBuffer extends Duplex {
  /** Where its segments are. */
  readonly directory: string
  /** The books at this moment. */
  readonly stats: DiskBufferStats
  /**
   * Gives no more, and ends its readable side, whatever is still on the disk: the next one to open the directory gives it. What
   * comes before is still taken until it ends. For stopping a program whose sink is slow or away.
   *
   * Once both sides have ended it closes as soon as what it gave is acknowledged, or the stages of LogWisp that read it have
   * finished; `destroy()` makes it close at once.
   */
  stop(): void
  on<E extends keyof DiskBufferEvents>(event: E, listener: (...args: DiskBufferEvents[E]) => void): this
  on(event: string | symbol, listener: (...args: never[]) => void): this
}

const defaults = {
  maxBytes: 1 << 30,
  segmentBytes: 16 << 20,
  whenFull: 'block',
  fsync: 'interval',
  fsyncIntervalMs: 1000,
  retryDelayMs: 1000,
} as const satisfies DiskBufferOptions

class DiskBufferStream extends Duplex implements DiskBuffer {
  readonly directory: string
  readonly #settings: DiskQueueSettings
  readonly #ledger = new Ledger()
  readonly #outlet: Outlet
  #lock: FileLock | undefined
  #queue: DiskQueue | undefined
  #opening: Promise<void> = Promise.resolve()
  #warnings = 0
  #wanted = false
  #giving: Promise<void> | undefined
  #isGiving = false
  /** Whether something was written while it was found that there is nothing to give. */
  #isBehind = false
  #isEnding = false
  #isStopped = false
  /** Who reads it at its end. */
  #readers: readonly Writable[] = []
  /** Ends the wait for the last acknowledgements, or for space. */
  #hurry: () => void = () => {}

  static {
    readThroughOutlet(DiskBufferStream, (stage) => stage.#outlet)
  }

  constructor(directory: string, settings: DiskQueueSettings) {
    // One chunk ahead of the reader: what is given is neither on the disk's side of the books nor acknowledged.
    super({ objectMode: true, readableHighWaterMark: 1 })
    this.directory = resolve(directory)
    this.#settings = settings
    this.#outlet = new Outlet(this, this.#ledger)
    takeBatches(this)
  }

  get stats(): DiskBufferStats {
    const queue = this.#queue
    return this.#ledger.snapshot((queue?.entriesHeld ?? 0) + this.#outlet.held, {
      bytesHeld: queue?.bytesHeld ?? 0,
      segments: queue?.segments ?? 0,
      warnings: this.#warnings,
      isWaitingForSpace: queue?.isWaitingForSpace ?? false,
    })
  }

  stop(): void {
    this.#isStopped = true
    this.#end()
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#opening = this.#open()
    const isOpen = (): void => {
      callback()
      if (!this.destroyed) this.emit('ready')
    }
    this.#opening.then(isOpen, callback)
  }

  async #open(): Promise<void> {
    for (let tries = 0; this.#queue === undefined; tries++) {
      try {
        await this.#tryToOpen()
      } catch (error) {
        const { cause = error } = error as Error
        if (!isOutOfSpace(cause)) throw bufferFailed(this.directory, error)
        if (tries === 0) this.#warn(diskFull(this.directory, cause))
        await this.#wait(this.#settings.retryDelayMs)
        if (this.destroyed) throw error
      }
    }
    this.#ledger.took(this.#queue.entriesHeld)
  }

  async #tryToOpen(): Promise<void> {
    const { directory } = this
    await makeDirectory(realFileSystem, directory, this.#settings.fsync !== 'never')
    this.#lock ??= await lockFile(
      join(directory, '.lock'),
      (pid) => `${directory} is used by a buffer of process ${pid}: give each buffer a directory of its own`,
    )
    this.#queue = await DiskQueue.open(realFileSystem, directory, this.#settings, {
      warn: (warning) => this.#warn(warning),
      failed: (error) => this.destroy(error),
      written: () => this.#giveOn(),
      dropped: (reason, entries) => this.#ledger.dropped(reason, entries),
    })
  }

  /** Until so much time has passed, or it is destroyed. */
  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs)
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#take([chunk], callback)
  }

  override _writev(chunks: { chunk: unknown }[], callback: (error?: Error | null) => void): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      callback,
    )
  }

  #take(chunks: readonly unknown[], callback: (error?: Error | null) => void): void {
    const queue = this.#queue as DiskQueue
    for (const chunk of chunks) {
      if (!isBatch(chunk) && !isLogEntry(chunk)) return callback(notAnEntry(chunk))
      this.#ledger.took(entriesOf(chunk))
      queue.put(chunk)
    }
    const ready = queue.whenReady()
    if (ready === undefined) callback()
    else void ready.then(() => callback())
  }

  override _final(callback: (error?: Error | null) => void): void {
    const queue = this.#queue as DiskQueue
    void queue.settle().then(() => {
      this.#isEnding = true
      this.#giveOn()
      callback()
    })
  }

  override _read(): void {
    this.#wanted = this.#outlet.resume()
    this.#giveOn()
  }

  /** Gives from the queue for as long as it is wanted. */
  #giveOn(): void {
    this.#isBehind = true
    if (this.#isGiving) return
    this.#isGiving = true
    this.#giving = this.#give()
  }

  async #give(): Promise<void> {
    const queue = this.#queue as DiskQueue
    try {
      while (this.#wanted && !this.#isStopped && !this.destroyed) {
        const item = queue.take()
        if (item !== undefined) {
          this.#wanted = this.#outlet.give(item)
          continue
        }
        this.#isBehind = false
        if (await queue.fill()) continue
        if (this.#isBehind) continue
        if (this.#isEnding) this.#end()
        return
      }
    } finally {
      // In the same turn: who asks for more before the promise has told its listeners would be heard by nobody.
      this.#isGiving = false
    }
  }

  #end(): void {
    if (this.#readers.length === 0) this.#readers = this.#outlet.consumers
    this.#outlet.end()
  }

  override destroy(error?: Error): this {
    super.destroy(error)
    // Also when it is closing: whoever calls it has waited long enough.
    this.#hurry()
    return this
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#close(error).then(
      () => callback(error),
      (failure: Error) => callback(error ?? bufferFailed(this.directory, failure)),
    )
  }

  async #close(error: Error | null): Promise<void> {
    await this.#opening.catch(() => {})
    if (error === null && this.readableEnded) await this.#lastAcknowledgements()
    try {
      await this.#giving
      await this.#queue?.close()
    } finally {
      await this.#lock?.release()
    }
  }

  /**
   * At its end a stage is destroyed by Node, while those who read it are still at what they were given last. Those that
   * are known acknowledge it before they have finished; others are not waited for.
   */
  async #lastAcknowledgements(): Promise<void> {
    const readers = this.#readers.map((reader) => new Promise((resolve) => finished(reader, resolve)))
    const hurry = new Promise<void>((resolve) => (this.#hurry = resolve))
    await Promise.race([this.#queue?.whenAcknowledged(), Promise.all(readers), hurry])
  }

  #warn(warning: LogwispError): void {
    this.#warnings++
    this.emit('warning', warning)
  }
}

/**
 * A buffer on the disk between two stages: what comes before it runs ahead of what comes after it, also while that is
 * slow, away or broken, and across crashes and restarts of this program.
 *
 * - **Order** is kept. **Ends** once all that it holds was given; see {@link DiskBuffer.stop}. **Dropped** is nothing, unless `whenFull` says so;
 *   what is damaged on the disk is skipped, and counted under `corrupt` (`'warning'` `SEGMENT_CORRUPT`, with the place).
 * - **Acknowledged** to what comes before is an entry once it is as safe here as `fsync` says. It then belongs to the buffer,
 *   which gives it **at least once**: what comes after it must acknowledge, as all sinks of LogWisp do, or it is never removed.
 * - **Ids**: an entry keeps its id; one that has none gets one, the same at each time that it is given.
 * - **Files**: `<16 digits>.segment`, `place.json` (how far all is acknowledged, saved once a second and at the end) and `.lock`, in a
 *   directory that it makes and that is its own. Other files there are not touched.
 * - **After a crash** the torn end of the last segment is cut (`'warning'` `TORN_SEGMENT`): its entries were not acknowledged.
 *   What was given and not saved as acknowledged, a second's worth mostly, is given again.
 * - **On a full disk** it waits (`'warning'` `DISK_FULL`), and goes on giving, which makes room.
 * - **Memory** is bounded: about 2 MiB that wait to be written and 256 KiB that are read ahead, or the largest item if that is more.
 *
 * Put it on a local disk: network file systems do not keep what a sync promises.
 *
 * @throws OptionError `BAD_OPTION`.
 * `'error'`: `FILE_IN_USE` when another buffer has the directory; `BUFFER_FAILED` when it cannot be opened, read or written,
 * or a sync fails: nothing after that is acknowledged; `BUFFER_NEWER`; `NOT_AN_ENTRY`.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { diskBuffer } from '@logwisp/core'
 * import { stdinSource } from '@logwisp/sources'
 * import { httpClientSink } from '@logwisp/sinks'
 *
 * // The endpoint may be away for hours: the program that writes to us hears nothing of it.
 * const buffer = diskBuffer('./spool', { maxBytes: 10 * 1024 ** 3 })
 * buffer.on('warning', (warning) => console.warn(warning.message))
 * await pipeline(stdinSource(), buffer, httpClientSink('https://logs.example.com/ingest'))
 * ```
 */
export function diskBuffer(directory: string, options: DiskBufferOptions = {}): DiskBuffer {
  checkArgument('diskBuffer', 'directory', directory, option.text)
  checkOptions('diskBuffer', options, diskQueueRules)
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const segmentBytes = options.segmentBytes ?? Math.min(defaults.segmentBytes, Math.floor(maxBytes / 4))
  if (segmentBytes > maxBytes) {
    const message = `\`segmentBytes\` must be at most \`maxBytes\` (${maxBytes}), got ${segmentBytes}`
    throw new OptionError('diskBuffer', 'segmentBytes', message)
  }
  return new DiskBufferStream(directory, {
    maxBytes,
    segmentBytes,
    whenFull: options.whenFull ?? defaults.whenFull,
    fsync: options.fsync ?? defaults.fsync,
    fsyncIntervalMs: options.fsyncIntervalMs ?? defaults.fsyncIntervalMs,
    retryDelayMs: options.retryDelayMs ?? defaults.retryDelayMs,
  })
}
