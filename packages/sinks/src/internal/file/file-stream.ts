/** The stream behind `fileSink`: one loop that opens, writes, rotates and syncs, so that no two of these overlap. */

import { type Batch, EntryWritable, formatter, type LogEntry, LogwispError } from '@logwisp/core'
import type { FileSink, FileSinkStats } from '../../file-sink.ts'
import { type ActiveFile, writeFailed } from './active-file.ts'
import { DiskSpace } from './disk-space.ts'
import { FilePlace } from './file-place.ts'
import type { FileSinkSettings } from './file-sink-settings.ts'
import { type FileSystem, isOutOfSpace } from './file-system.ts'
import { type Load, Outgoing } from './outgoing.ts'
import { isPeriodOver, untilPeriodEnds } from './rotation.ts'
import { SyncSchedule } from './sync-schedule.ts'
import { Upkeep } from './upkeep.ts'

/** How much memory what waits may keep, before the stage upstream has to wait: 32 read blocks, in one write. */
const maxWaitingBytes = 2 << 20

/** How long to go on with the same file after it could not be renamed. */
const rotateRetryMs = 10_000

/** Node's longest timer, 24.8 days. */
const maxTimerMs = 2 ** 31 - 1

export class FileStream extends EntryWritable implements FileSink {
  readonly #settings: FileSinkSettings
  readonly #place: FilePlace
  readonly #outgoing: Outgoing
  readonly #space: DiskSpace
  readonly #unsynced: SyncSchedule
  readonly #upkeep: Upkeep
  readonly #constructed: Promise<void>
  #file: ActiveFile | undefined
  /** False when what was written of a line could not be taken back. */
  #isWhole = true
  #checkedAt = -Infinity
  #rotateNotBefore = -Infinity
  #periodTimer: NodeJS.Timeout | undefined

  // The loop, and who waits for it.
  #working: Promise<void> | undefined
  #isStopped = false
  #failure: Error | undefined
  #endConstruction: () => void = () => {}
  #resume: (() => void) | undefined
  readonly #reopenings: (() => void)[] = []

  // What stats tell beside the books.
  #bytesOut = 0
  #filesRotated = 0
  #filesRemoved = 0
  #warnings = 0

  constructor(directory: string, settings: FileSinkSettings, fs: FileSystem) {
    super({ acknowledge: 'by-hand' })
    const { name, format, compress, maxAgeMs, maxTotalBytes, minFreeBytes, retryDelayMs, fsync, fsyncIntervalMs } =
      settings
    const warn = (warning: LogwispError): void => this.#warn(warning)
    this.#settings = settings
    this.#place = new FilePlace(fs, { directory, name, isDurable: fsync !== 'never', warn })
    this.#outgoing = new Outgoing(format === 'raw' ? undefined : formatter(format))
    this.#space = new DiskSpace(fs, { directory, minFreeBytes, retryDelayMs, warn })
    this.#unsynced = new SyncSchedule(fsyncIntervalMs, () => void this.#work())
    const maxRotatedBytes = (): number => maxTotalBytes - this.#activeShare()
    const removed = (path: string): void => {
      this.#filesRemoved++
      this.emit('remove', { path })
    }
    this.#upkeep = new Upkeep(fs, directory, name, { compress, maxAgeMs, maxRotatedBytes }, { removed, warning: warn })
    this.#constructed = new Promise((resolve) => (this.#endConstruction = resolve))
  }

  get path(): string {
    return this.#place.path
  }

  override get stats(): FileSinkStats {
    return this.books({
      bytesOut: this.#bytesOut,
      filesRotated: this.#filesRotated,
      filesRemoved: this.#filesRemoved,
      warnings: this.#warnings,
      isWaitingForSpace: this.#space.isWaiting,
    })
  }

  reopen(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    const reopened = new Promise<void>((resolve) => this.#reopenings.push(resolve))
    void this.#work()
    return reopened
  }

  override _construct(callback: (error?: Error | null) => void): void {
    const opened = this.#open().catch((error) => {
      // A full disk is waited for by the loop, when there is something to write.
      if (!this.#space.isMissing(error)) throw writeFailed(this.path, error)
    })
    const isOpen = (): void => {
      callback()
      if (!this.destroyed) this.emit('ready')
    }
    opened.then(isOpen, callback).finally(this.#endConstruction)
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    for (const item of items) this.#outgoing.add(item)
    void this.#work()
    if (this.#outgoing.heldBytes < maxWaitingBytes) return
    return new Promise((resolve) => (this.#resume = resolve))
  }

  protected override async finish(): Promise<void> {
    await this.#work()
    this.#unsynced.hurry()
    await this.#work()
    if (this.#failure !== undefined) throw this.#failure
    await this.#close()
    await this.#upkeep.settled()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#isStopped = true
    this.#space.giveUp()
    const closed = Promise.all([this.#upkeep.stop(), this.#working]).then(() => this.#close())
    closed.then(
      () => callback(error),
      (failure: Error) => callback(error ?? failure),
    )
  }

  /** Makes sure that the loop runs; settles when it has nothing left to do. */
  #work(): Promise<void> {
    this.#working ??= this.#loop()
    return this.#working
  }

  async #loop(): Promise<void> {
    // What else comes in the same turn goes out together.
    await this.#constructed
    try {
      while (!this.#isStopped && this.#hasWork()) await this.#step()
    } catch (error) {
      this.#failure = writeFailed(this.path, error)
      this.#isStopped = true
      this.fail(this.#failure)
    }
    this.#working = undefined
  }

  #hasWork(): boolean {
    return !this.#outgoing.isEmpty || this.#reopenings.length > 0 || this.#unsynced.isDue || this.#isPeriodOver()
  }

  async #step(): Promise<void> {
    try {
      const file = this.#file ?? (await this.#open())
      if (this.#reopenings.length > 0) await this.#reopen()
      else if (this.#isPeriodOver()) await this.#rotate(file)
      else if (this.#unsynced.isDue) await this.#sync(file)
      else await this.#write(file)
    } catch (error) {
      if (!this.#space.isMissing(error)) throw error
      await this.#space.wait()
    }
  }

  async #open(): Promise<ActiveFile> {
    const isFirst = this.#checkedAt === -Infinity
    const file = await this.#place.open()
    this.#file = file
    this.#checkedAt = Date.now()
    this.#armPeriod()
    this.emit('open', { path: this.path, bytes: file.size })
    // What was rotated before this sink was made may be due.
    if (isFirst) this.#upkeep.wake()
    return file
  }

  /** Closes the file and opens what stands at the path now. */
  async #reopen(): Promise<void> {
    // Who asks from now on may have moved the new file already, and is served by the next turn.
    const { length } = this.#reopenings
    await this.#letGo()
    await this.#open()
    for (const resolve of this.#reopenings.splice(0, length)) resolve()
  }

  /** Syncs and closes the file. */
  async #letGo(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    if (this.#settings.fsync !== 'never') await this.#sync(file)
    this.#file = undefined
    await file.close()
  }

  async #write(file: ActiveFile): Promise<void> {
    // A batch without lines at the front is as good as written.
    this.#settle(0)
    if (this.#outgoing.isEmpty) return
    if (await this.#hasMoved(file)) return this.#reopen()
    const load = this.#loadFor(file)
    if (load.bytes === 0) return this.#rotate(file)
    await this.#space.claim(load.bytes)
    const { written, error } = await file.append(load.buffers)
    const whole = error === undefined ? written : this.#outgoing.wholeEntries(written)
    this.#isWhole = whole === written
    if (!this.#isWhole) await file.takeBack(written - whole)
    this.#isWhole = true
    if (error !== undefined && !isOutOfSpace(error)) throw error
    if (whole > 0 && this.#settings.fsync === 'always') await file.sync()
    this.#bytesOut += whole
    this.#settle(whole)
    if (error !== undefined) throw error
    this.#space.found()
  }

  /** What goes into the file before it is full; nothing when it has to be rotated first. */
  #loadFor(file: ActiveFile): Load {
    const { maxFileBytes } = this.#settings
    if (maxFileBytes === Infinity || Date.now() < this.#rotateNotBefore) return this.#outgoing.load(Infinity)
    const load = this.#outgoing.load(maxFileBytes - file.size)
    return load.bytes === 0 && file.size === 0 ? this.#outgoing.first() : load
  }

  /** So many bytes are written: acknowledges what they make whole, now or once it is synced. */
  #settle(bytes: number): void {
    const items = this.#outgoing.advance(bytes)
    if (this.#settings.fsync === 'interval') this.#unsynced.add(items)
    else for (const item of items) this.delivered(item)
    if (this.#outgoing.heldBytes < maxWaitingBytes) this.#resume?.()
  }

  async #sync(file: ActiveFile): Promise<void> {
    const items = this.#unsynced.take()
    await file.sync()
    for (const item of items) this.delivered(item)
  }

  /** Whether another program moved or removed the file; asked of the disk once in a while. */
  async #hasMoved(file: ActiveFile): Promise<boolean> {
    const now = Date.now()
    if (now - this.#checkedAt < this.#settings.checkIntervalMs && now >= this.#checkedAt) return false
    this.#checkedAt = now
    this.#space.forget()
    return file.hasMoved()
  }

  async #rotate(file: ActiveFile): Promise<void> {
    if (await file.hasMoved()) return this.#reopen()
    if (file.size === 0) return
    let path: string
    try {
      path = await this.#place.moveAway()
    } catch (error) {
      if (isOutOfSpace(error)) throw error
      this.#rotateNotBefore = Date.now() + rotateRetryMs
      this.#armPeriod()
      const advice = 'check the permissions of the directory; the file grows on until it works'
      const message = `cannot rename ${this.path} (${(error as Error).message}): ${advice}`
      return this.#warn(new LogwispError('ROTATE_FAILED', message, { cause: error }))
    }
    this.#filesRotated++
    const bytes = file.size
    await this.#letGo()
    this.emit('rotate', { path, bytes })
    this.#upkeep.wake()
    await this.#open()
  }

  #isPeriodOver(): boolean {
    const file = this.#file
    if (file === undefined || file.size === 0 || Date.now() < this.#rotateNotBefore) return false
    return isPeriodOver(this.#settings.rotateEveryMs, file.lastWrite, Date.now())
  }

  /** Sees to it that the loop runs when the period ends, so that an idle file is rotated too. */
  #armPeriod(): void {
    clearTimeout(this.#periodTimer)
    const now = Date.now()
    const delay = Math.max(untilPeriodEnds(this.#settings.rotateEveryMs, now), this.#rotateNotBefore - now)
    if (delay === Infinity || this.#isStopped) return
    this.#periodTimer = setTimeout(
      () => {
        this.#armPeriod()
        void this.#work()
      },
      Math.min(delay, maxTimerMs),
    )
    this.#periodTimer.unref()
  }

  /** How much of `maxTotalBytes` is kept free for the file that is being written. */
  #activeShare(): number {
    const { maxFileBytes } = this.#settings
    return maxFileBytes === Infinity ? (this.#file?.size ?? 0) : maxFileBytes
  }

  #warn(error: LogwispError): void {
    this.#warnings++
    this.emit('warning', error)
  }

  async #close(): Promise<void> {
    clearTimeout(this.#periodTimer)
    this.#unsynced.stop()
    for (const resolve of this.#reopenings.splice(0)) resolve()
    const file = this.#file
    this.#file = undefined
    try {
      // Closing is where some file systems (NFS) tell that what was written did not get through.
      await (file?.close() ?? Promise.resolve()).finally(() => this.#place.release(this.#isWhole))
    } catch (error) {
      throw writeFailed(this.path, error)
    }
  }
}
