/** What sources that follow files are: a readable over followers that take turns. */

import {
  type Batch,
  type Checkpoint,
  EntryReadable,
  type LogEntry,
  type LogwispError,
  type SourceAccount,
  type StageStats,
} from '@logwisp/core'
import type { FileFollower, FollowerEvents } from './file-follower.ts'
import { tooLong } from './followed-blocks.ts'
import type { FollowedFile } from './followed-file.ts'
import { Turns } from './turns.ts'

/** What a source that follows files counts besides its entries. */
export interface FollowStats {
  /** Paths that are followed. */
  readonly files: number
  /** Descriptors that are open. */
  readonly openFiles: number
  /** Bytes read, of compressed files those that came out. */
  readonly bytesIn: number
  /** How often a path went over to another file. */
  readonly rotations: number
  /** How often a file was cut, or written anew in its place. */
  readonly truncations: number
  /** Lines longer than `maxLineBytes`. */
  readonly linesTooLong: number
  /** NUL bytes passed over where a line should begin: holes left by writers that do not append, or by crashes. */
  readonly nulBytesSkipped: number
}

/** The books of a source that follows files. */
export interface FileSourceStats extends StageStats, FollowStats {}

/** What a source that follows files emits, besides what every `Readable` does. */
export interface FileSourceEvents {
  /** What is there at the start was looked at: whatever is written from now on is given. */
  ready: []
  /** A file was opened: `path` is where it was found, perhaps under its rotated name. */
  open: [opened: { readonly path: string }]
  /** The path shows another file now, and the reading has gone over to it. */
  rotate: [rotated: { readonly path: string }]
  /** The file was cut, or written anew in its place. */
  truncate: [truncated: { readonly path: string }]
  /**
   * Something that the source survives: `FILE_UNREADABLE`, `LINE_TOO_LONG`, `POSITION_LOST`, `TOO_MANY_FILES`, or
   * `CHECKPOINT_FAILED` at the start.
   */
  warning: [error: LogwispError]
}

export abstract class FollowingSource extends EntryReadable {
  protected readonly turns: Turns<FileFollower> = new Turns()
  readonly #pollIntervalMs: number
  readonly #checkpoint: Checkpoint | undefined
  readonly #past = { bytesIn: 0, rotations: 0, truncations: 0, linesTooLong: 0, nulBytesSkipped: 0 }
  /** Those that are followed no longer, and whose accounts are still told one by one. */
  protected readonly unfollowed: Set<FileFollower> = new Set()
  #timer: NodeJS.Timeout | undefined
  #wakeUp: (() => void) | undefined
  #turn: Promise<void> | undefined
  #stopping = false

  constructor(pollIntervalMs: number, checkpoint: Checkpoint | undefined) {
    super()
    this.#pollIntervalMs = pollIntervalMs
    this.#checkpoint = checkpoint
  }

  /** What to do before the first turn: see which files there are. */
  protected abstract open(): Promise<void>

  /** What else to do at each tick of the clock. */
  protected onTick(): void {}

  /** What to do before and after a follower's turn. */
  protected async beforeTurn(_follower: FileFollower): Promise<void> {}
  protected async afterTurn(_follower: FileFollower): Promise<void> {}

  /** What else to close. */
  protected abstract onClose(): Promise<void>

  /** Whether {@link stop} was called. */
  protected get stopping(): boolean {
    return this.#stopping
  }

  /** The events of a follower as events of this stream. */
  protected get followerEvents(): FollowerEvents {
    return {
      opened: (path) => this.emit('open', { path }),
      rotated: (path) => this.emit('rotate', { path }),
      truncated: (path) => this.emit('truncate', { path }),
      warning: (error) => this.emit('warning', error),
    }
  }

  /** Follows one more path. */
  protected follow(follower: FileFollower): void {
    if (this.#stopping) follower.stop()
    this.turns.add(follower)
    this.#wakeUp?.()
  }

  /** Follows a path no longer. Only for one that has nothing under way. */
  protected async unfollow(follower: FileFollower): Promise<void> {
    this.turns.delete(follower)
    this.unfollowed.add(follower)
    addCounts(this.#past, follower.counts)
    await follower.close()
  }

  /** Something happened to a followed path. */
  protected wake(follower: FileFollower): void {
    this.turns.wake(follower)
    if (this.turns.isDue) this.#wakeUp?.()
  }

  protected override pull(): Promise<void> {
    const turn = this.#pull()
    this.#turn = turn
    return turn
  }

  async #pull(): Promise<void> {
    while (!this.destroyed) {
      const follower = this.turns.next()
      if (follower === undefined) {
        if (this.#stopping && this.turns.size === 0) return this.finish()
        await this.#wait()
        continue
      }
      await this.beforeTurn(follower)
      const block = await follower.read()
      if (this.destroyed) return
      let wanted = true
      if (block !== undefined) {
        this.turns.again(follower)
        for (const item of block.items) wanted = this.#giveRead(item)
        this.took(block.skipped)
        this.discard(tooLong, block.skipped)
      } else if (!follower.done) this.turns.rest(follower, follower.restless)
      await this.afterTurn(follower)
      if (block === undefined && follower.done) await this.unfollow(follower)
      if (!wanted) return
    }
  }

  #giveRead(item: LogEntry | Batch): boolean {
    this.took('count' in item ? item.count : 1)
    return this.give(item)
  }

  /** Until somebody is due. The clock keeps the process alive only now, while more lines are waited for. */
  async #wait(): Promise<void> {
    this.#timer?.ref()
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve
    })
    this.#wakeUp = undefined
    this.#timer?.unref()
  }

  #tick(): void {
    this.turns.tick()
    this.onTick()
    if (this.turns.isDue) this.#wakeUp?.()
  }

  /** Stops following: what is there now is read and given, then the stream ends. */
  override stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    for (const follower of this.turns.items()) {
      follower.stop()
      this.turns.wake(follower)
    }
    this.#wakeUp?.()
  }

  /** How far each path was read; those beyond `maxFiles` are left out. */
  async progress(maxFiles = Infinity): Promise<readonly FollowedFile[]> {
    const byPath = (one: { path: string }, other: { path: string }): number => (one.path < other.path ? -1 : 1)
    const waiting = [...this.turns.items()].sort(byPath).slice(0, maxFiles)
    const looks: FollowedFile[] = []
    // A few at a time: Node's pool has four threads, and the reading needs them too.
    const look = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) looks.push(await next.progress())
    }
    await Promise.all([look(), look()])
    return looks.sort(byPath)
  }

  /** What became of everything that was read, for each path; it goes on through restarts with a checkpoint. */
  override get ledger(): readonly SourceAccount[] {
    const followers = [...this.unfollowed, ...this.turns.items()]
    return Object.freeze(followers.map(({ account }) => account))
  }

  override get stats(): FileSourceStats {
    const counts = { ...this.#past }
    let openFiles = 0
    for (const follower of this.turns.items()) {
      addCounts(counts, follower.counts)
      openFiles += follower.openFiles
    }
    return this.books<FollowStats>(0, { files: this.turns.size, openFiles, ...counts })
  }

  override _construct(callback: (error?: Error | null) => void): void {
    this.#open().then(() => {
      this.#timer = setInterval(() => this.#tick(), this.#pollIntervalMs).unref()
      callback()
    }, callback)
  }

  async #open(): Promise<void> {
    await this.open()
    for (const follower of this.turns.items()) {
      await this.beforeTurn(follower)
      await follower.begin()
      await this.afterTurn(follower)
    }
    // A crash before the first save by the clock would leave a restart with nothing to go on with.
    await this.savePositions()
    this.emit('ready')
  }

  /** Has the checkpoint save now what is known. A failure is a warning: it is saved again by the clock. */
  protected async savePositions(): Promise<void> {
    try {
      await this.#checkpoint?.save()
    } catch (error) {
      if (!this.destroyed) this.emit('warning', error)
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearInterval(this.#timer)
    this.#wakeUp?.()
    this.#close().then(
      () => callback(error),
      (closeError: Error) => callback(error ?? closeError),
    )
  }

  async #close(): Promise<void> {
    // A read that is under way uses descriptors that are about to be closed; its own failure is reported by itself.
    await this.#turn?.catch(() => {})
    await this.onClose()
    for (const follower of this.turns.items()) await follower.close()
  }
}

type Counts = { -readonly [Name in keyof FileFollower['counts']]: number }

function addCounts(sum: Counts, counts: Readonly<Counts>): void {
  for (const name of Object.keys(sum) as (keyof Counts)[]) sum[name] += counts[name]
}
