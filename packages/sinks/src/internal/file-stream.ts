/** The stream behind `fileSink`: one loop that opens, writes, rotates and syncs, so that no two of these overlap. */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Batch, EntryWritable, formatter, type LogEntry, LogwispError } from '@logwisp/core'
import { entrySize } from '@logwisp/core/entry-size'
import type { FileSink, FileSinkStats } from '../file-sink.ts'
import { ActiveFile } from './active-file.ts'
import { type FileLock, lockFile } from './file-lock.ts'
import type { FileSinkSettings } from './file-sink-settings.ts'
import { type FileSystem, isOutOfSpace } from './file-system.ts'
import { type Load, Outgoing } from './outgoing.ts'
import {
  activeName,
  compareRotated,
  isPeriodOver,
  nextRotatedName,
  parseRotatedName,
  type RotatedName,
  untilPeriodEnds,
} from './rotation.ts'
import { Upkeep } from './upkeep.ts'

/** How much memory what waits may keep, before the stage upstream has to wait: 32 read blocks, in one write. */
const maxWaitingBytes = 2 << 20

/** How much may be written and not synced: its entries are in memory until they are acknowledged. */
const maxUnsyncedBytes = 16 << 20

/** How long to go on with the same file after it could not be renamed. */
const rotateRetryMs = 10_000

/** Node's longest timer, 24.8 days. */
const maxTimerMs = 2 ** 31 - 1

export class FileStream extends EntryWritable implements FileSink {
  readonly path: string
  readonly #directory: string
  readonly #settings: FileSinkSettings
  readonly #fs: FileSystem
  readonly #outgoing: Outgoing
  readonly #upkeep: Upkeep
  #lock: FileLock | undefined
  /** Whether the file's end may be what a crash of a sink left; false once that was looked at. */
  #isAfterCrash = false
  #file: ActiveFile | undefined
  #lastRotated: RotatedName | undefined
  #isRecalled = false

  // The loop, and why it should run.
  #working: Promise<void> | undefined
  #failure: Error | undefined
  #stopped = false
  #wantsReopen = false
  #wantsSync = false
  #checkedAt = -Infinity
  #rotateNotBefore = -Infinity
  #freeBytes = 0
  #endWait: (() => void) | undefined
  #resume: (() => void) | undefined
  #periodTimer: NodeJS.Timeout | undefined
  #syncTimer: NodeJS.Timeout | undefined
  #unsynced: (LogEntry | Batch)[] = []
  #unsyncedBytes = 0

  // What stats tell beside the books.
  #bytesOut = 0
  #filesRotated = 0
  #filesRemoved = 0
  #warnings = 0
  #isWaiting = false

  constructor(directory: string, settings: FileSinkSettings, fs: FileSystem) {
    super({ acknowledge: 'by-hand' })
    this.path = join(directory, activeName(settings.name))
    this.#directory = directory
    this.#settings = settings
    this.#fs = fs
    this.#outgoing = new Outgoing(settings.format === 'raw' ? undefined : formatter(settings.format))
    this.#upkeep = new Upkeep(
      fs,
      directory,
      settings.name,
      {
        compress: settings.compress,
        maxAgeMs: settings.maxAgeMs,
        maxRotatedBytes: () => settings.maxTotalBytes - this.#activeShare(),
      },
      {
        removed: (path) => {
          this.#filesRemoved++
          this.emit('remove', { path })
        },
        warning: (error) => this.#warn(error),
      },
    )
  }

  override get stats(): FileSinkStats {
    return this.books({
      bytesOut: this.#bytesOut,
      filesRotated: this.#filesRotated,
      filesRemoved: this.#filesRemoved,
      warnings: this.#warnings,
      isWaitingForSpace: this.#isWaiting,
    })
  }

  reopen(): Promise<void> {
    this.#wantsReopen = true
    return this.#work()
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#ready().then(
      () => callback(),
      // A full disk is waited for by the loop, when there is something to write.
      (error) => (this.#isSpaceNeeded(error) ? callback() : callback(this.#asFailure(error))),
    )
  }

  protected override consume(items: readonly (LogEntry | Batch)[]): void | Promise<void> {
    for (const item of items) this.#outgoing.add(item)
    void this.#work()
    if (this.#outgoing.heldBytes < maxWaitingBytes) return
    return new Promise((resolve) => (this.#resume = resolve))
  }

  protected override async finish(): Promise<void> {
    await this.#work()
    this.#wantsSync = this.#unsynced.length > 0
    await this.#work()
    if (this.#failure !== undefined) throw this.#failure
    this.#stopTimers()
    await this.#close()
    await this.#upkeep.settled()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopped = true
    this.#stopTimers()
    this.#endWait?.()
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
    // Everything that is written in the same turn goes out together.
    await Promise.resolve()
    try {
      while (!this.#stopped && this.#hasWork()) await this.#step()
    } catch (error) {
      this.#failure = this.#asFailure(error)
      this.#stopped = true
      this.fail(this.#failure)
    }
    this.#working = undefined
  }

  #hasWork(): boolean {
    return !this.#outgoing.isEmpty || this.#wantsReopen || this.#wantsSync || this.#isPeriodOver()
  }

  async #step(): Promise<void> {
    try {
      const file = await this.#ready()
      if (this.#wantsReopen) await this.#reopen()
      else if (this.#isPeriodOver()) await this.#rotate(file)
      else if (this.#wantsSync) await this.#sync(file)
      else await this.#write(file)
    } catch (error) {
      if (!this.#isSpaceNeeded(error)) throw error
      await this.#wait()
    }
  }

  /** The open file. */
  async #ready(): Promise<ActiveFile> {
    if (this.#file !== undefined) return this.#file
    if (this.#lock === undefined) {
      await this.#fs.mkdir(this.#directory, { recursive: true })
      this.#lock = await lockFile(join(this.#directory, `.${this.#settings.name}.lock`), this.path)
      this.#isAfterCrash = this.#lock.isTakenOver
    }
    if (!this.#isRecalled) await this.#recall()
    return this.#open()
  }

  /** Learns from the directory which names are taken. */
  async #recall(): Promise<void> {
    const names = await this.#fs.readdir(this.#directory)
    const rotated = names.flatMap((fileName) => parseRotatedName(this.#settings.name, fileName) ?? [])
    this.#lastRotated = rotated.sort(compareRotated).at(-1)
    this.#isRecalled = true
    this.#upkeep.wake()
  }

  async #open(): Promise<ActiveFile> {
    const file = await ActiveFile.open(this.#fs, this.path)
    try {
      await this.#mend(file)
      if (this.#settings.fsync !== 'never') await syncDirectory(this.#directory)
    } catch (error) {
      await file.close()
      throw error
    }
    this.#file = file
    this.#checkedAt = Date.now()
    this.#armPeriod()
    this.emit('open', { path: this.path, bytes: file.size })
    return file
  }

  /**
   * Sees to it that the file ends with a whole line. What a crash of ours left of a line was not acknowledged, will
   * come again whole, and is cut off. What another program left is not ours to cut: it gets its line feed.
   */
  async #mend(file: ActiveFile): Promise<void> {
    const torn = await file.tornBytes()
    const isAfterCrash = this.#isAfterCrash
    this.#isAfterCrash = false
    if (torn === 0) return
    if (isAfterCrash) await file.takeBack(torn)
    else {
      const { error } = await file.append([Buffer.from('\n')])
      if (error !== undefined) throw error
    }
    const deed = isAfterCrash ? 'which a crash had left there, were cut off' : 'were ended with a line feed'
    const advice = 'nothing needs to be done, unless another program writes to this file'
    this.#warn(new LogwispError('TORN_LINE', `the last ${torn} bytes of ${this.path}, ${deed}: ${advice}`))
  }

  /** Closes the file and opens what stands at the path now. */
  async #reopen(): Promise<void> {
    this.#wantsReopen = false
    await this.#letGo()
    await this.#ready()
  }

  /** Syncs and closes the file; it may be opened again. */
  async #letGo(): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    if (this.#settings.fsync !== 'never') await this.#sync(file)
    this.#file = undefined
    await file.close()
  }

  async #write(file: ActiveFile): Promise<void> {
    // A batch without lines at the front is as good as written.
    this.#settle(this.#outgoing.advance(0))
    if (this.#outgoing.isEmpty) return
    if (await this.#hasMoved(file)) return this.#reopen()
    const load = this.#loadFor(file)
    if (load.bytes === 0) return this.#rotate(file)
    await this.#claimSpace(load.bytes)
    const { written, error } = await file.append(load.buffers)
    const whole = error === undefined ? written : this.#outgoing.wholeEntries(written)
    if (whole < written) await file.takeBack(written - whole)
    if (error !== undefined && !isOutOfSpace(error)) throw error
    if (whole > 0 && this.#settings.fsync === 'always') await file.sync()
    this.#bytesOut += whole
    this.#freeBytes -= whole
    this.#settle(this.#outgoing.advance(whole))
    if (error !== undefined) throw error
    this.#isWaiting = false
    if (this.#outgoing.heldBytes < maxWaitingBytes) this.#resume?.()
  }

  /** What goes into the file before it is full; nothing when it has to be rotated first. */
  #loadFor(file: ActiveFile): Load {
    const { maxFileBytes } = this.#settings
    if (maxFileBytes === Infinity || Date.now() < this.#rotateNotBefore) return this.#outgoing.load(Infinity)
    const load = this.#outgoing.load(maxFileBytes - file.size)
    return load.bytes === 0 && file.size === 0 ? this.#outgoing.first() : load
  }

  /** These are written: acknowledges them, now or once they are synced. */
  #settle(items: readonly (LogEntry | Batch)[]): void {
    if (this.#settings.fsync !== 'interval') {
      for (const item of items) this.delivered(item)
      return
    }
    for (const item of items) {
      this.#unsynced.push(item)
      this.#unsyncedBytes += entrySize(item)
    }
    if (this.#unsyncedBytes >= maxUnsyncedBytes) this.#wantsSync = true
    this.#syncTimer ??= setTimeout(() => {
      this.#wantsSync = true
      void this.#work()
    }, this.#settings.fsyncIntervalMs)
  }

  async #sync(file: ActiveFile): Promise<void> {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    this.#wantsSync = false
    if (this.#settings.fsync === 'interval' && this.#unsynced.length === 0) return
    await file.sync()
    const items = this.#unsynced
    this.#unsynced = []
    this.#unsyncedBytes = 0
    for (const item of items) this.delivered(item)
  }

  /** Whether another program moved or removed the file; asked of the disk once in a while. */
  async #hasMoved(file: ActiveFile): Promise<boolean> {
    const now = Date.now()
    if (now - this.#checkedAt < this.#settings.checkIntervalMs && now >= this.#checkedAt) return false
    this.#checkedAt = now
    this.#freeBytes = 0
    return file.hasMoved()
  }

  async #rotate(file: ActiveFile): Promise<void> {
    if (await file.hasMoved()) return this.#reopen()
    if (file.size === 0) return
    const rotated = nextRotatedName(this.#settings.name, Date.now(), this.#lastRotated)
    const path = join(this.#directory, rotated.fileName)
    try {
      await this.#fs.rename(this.path, path)
    } catch (error) {
      if (isOutOfSpace(error)) throw error
      this.#rotateNotBefore = Date.now() + rotateRetryMs
      this.#armPeriod()
      const message = `cannot rename ${this.path} to ${rotated.fileName} (${(error as Error).message})`
      const advice = `check the permissions of the directory; the file grows on until it works`
      this.#warn(new LogwispError('ROTATE_FAILED', `${message}: ${advice}`, { cause: error }))
      return
    }
    this.#lastRotated = rotated
    this.#filesRotated++
    const bytes = file.size
    await this.#letGo()
    this.emit('rotate', { path, bytes })
    this.#upkeep.wake()
    await this.#ready()
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
    if (delay === Infinity || this.#stopped) return
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

  /** Makes sure that writing this much leaves `minFreeBytes`; the disk is asked again when what it said is used up. */
  async #claimSpace(bytes: number): Promise<void> {
    const { minFreeBytes } = this.#settings
    if (minFreeBytes === 0 || this.#freeBytes >= bytes) return
    const { bavail, bsize } = await this.#fs.statfs(this.#directory)
    this.#freeBytes = bavail * bsize - minFreeBytes
    if (this.#freeBytes >= bytes) return
    const message = `${bavail * bsize} bytes are free, and minFreeBytes is ${minFreeBytes}`
    throw Object.assign(new Error(message), { code: 'ENOSPC' })
  }

  /** Whether an error passes once there is space; tells of it when the wait begins. */
  #isSpaceNeeded(error: unknown): boolean {
    if (!isOutOfSpace(error)) return false
    if (!this.#isWaiting) {
      this.#isWaiting = true
      const message = `no space for ${this.path} (${(error as Error).message}): free some; nothing is lost, the sink waits`
      this.#warn(new LogwispError('DISK_FULL', message, { cause: error }))
    }
    return true
  }

  /** Waits for a while, or until the sink is destroyed. Keeps the program alive: there is something left to write. */
  async #wait(): Promise<void> {
    if (this.#stopped) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#settings.retryDelayMs)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#endWait = undefined
  }

  #warn(error: LogwispError): void {
    this.#warnings++
    this.emit('warning', error)
  }

  #asFailure(error: unknown): Error {
    if (error instanceof LogwispError) return error
    const advice =
      'check the path, its permissions and the disk; what was not acknowledged is given again by a source that can'
    return new LogwispError('WRITE_FAILED', `cannot write ${this.path} (${(error as Error).message}): ${advice}`, {
      cause: error,
    })
  }

  #stopTimers(): void {
    clearTimeout(this.#periodTimer)
    clearTimeout(this.#syncTimer)
  }

  async #close(): Promise<void> {
    const file = this.#file
    const lock = this.#lock
    this.#file = undefined
    this.#lock = undefined
    try {
      await file?.close()
    } finally {
      await lock?.release()
    }
  }
}

/** Makes the names in a directory safe; nothing where that is not possible (Windows). */
async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    await handle.sync().finally(() => handle.close())
  } catch (error) {
    if (process.platform !== 'win32') throw error
  }
}
