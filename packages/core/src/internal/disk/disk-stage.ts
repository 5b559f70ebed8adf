/**
 * The stream of a stage that keeps entries on the disk: has its directory to itself, opens its queue, and lets entries in and
 * out of it.
 */

import { join, resolve } from 'node:path'
import { Duplex, finished, type Writable } from 'node:stream'
import { isBatch } from '../../batch.ts'
import type { DiskBufferStats } from '../../disk-buffer.ts'
import { isLogEntry } from '../../entry.ts'
import type { LogwispError } from '../../errors.ts'
import { type FileLock, lockFile } from '../../lock-file.ts'
import { entriesOf } from '../bounded-queue.ts'
import { isOutOfSpace, realFileSystem } from '../file-system.ts'
import { Ledger } from '../ledger.ts'
import { takeBatches } from '../negotiation.ts'
import { notAnEntry } from '../not-an-entry.ts'
import { Outlet } from '../outlet.ts'
import { readThroughOutlet } from '../read-through-outlet.ts'
import { DiskQueue } from './disk-queue.ts'
import type { DiskQueueSettings } from './disk-queue-settings.ts'
import { bufferFailed, diskFull } from './disk-trouble.ts'
import { makeDirectory } from './recover.ts'
import type { QueueHooks, StageQueue } from './stage-queue.ts'

export class DiskStage extends Duplex {
  readonly directory: string
  readonly #settings: DiskQueueSettings
  readonly #ledger = new Ledger()
  readonly #outlet: Outlet
  #lock: FileLock | undefined
  #queue: StageQueue | undefined
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
    readThroughOutlet(DiskStage, (stage) => stage.#outlet)
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
    this.#queue?.keep()
    if (this.#isEnding) this.#end()
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
    const hooks: QueueHooks = {
      warn: (warning) => this.#warn(warning),
      failed: (error) => this.destroy(error),
      written: () => this.#giveOn(),
      dropped: (reason, entries) => this.#ledger.dropped(reason, entries),
    }
    this.#queue = this.queueOver(await DiskQueue.open(realFileSystem, directory, this.#settings, hooks), hooks)
    if (this.#isStopped) this.#queue.keep()
  }

  /** The queue that entries are put to: that on the disk, or one that stands before it. */
  protected queueOver(disk: DiskQueue, _hooks: QueueHooks): StageQueue {
    return disk
  }

  /** Whether those that read it take batches as they are. */
  protected get sendsBatches(): boolean {
    return this.#outlet.sendsBatches
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
    const queue = this.#queue as StageQueue
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
    const queue = this.#queue as StageQueue
    void queue.settle().then(() => {
      this.#isEnding = true
      if (this.#isStopped) this.#end()
      else this.#giveOn()
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
    const queue = this.#queue as StageQueue
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
