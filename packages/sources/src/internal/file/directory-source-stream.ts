/** The stream of `directorySource`: a follower for each file, found by listing, watched, and closed when too many are open. */

import type { BigIntStats, FSWatcher } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { AccountingTracker, LogwispError, type SourceAccount } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { DirectorySourceOptions } from '../../directory-source.ts'
import { Bystanders, type KnownFiles } from './bystanders.ts'
import { DirectoryScan, type ListedDirectory } from './directory-scan.ts'
import { FileFollower } from './file-follower.ts'
import { FilePattern } from './file-pattern.ts'
import { ReadBuffers } from './file-reader.ts'
import { type FileSystem, isMissing } from './file-system.ts'
import { followDefaults, followerOptions } from './follow-options.ts'
import { FollowingSource } from './following-source.ts'
import { possibleBases } from './generations.ts'
import { openFile } from './opened-file.ts'
import type { StartAt } from './start-offset.ts'

const defaults = {
  pattern: '*.log',
  recursive: false,
  scanIntervalMs: 1000,
  maxOpenFiles: 256,
  maxFiles: 10_000,
  forgetAfterMs: 600_000,
} as const satisfies DirectorySourceOptions

/** How many directories are watched; those beyond are looked at by the clock alone. */
const maxWatchers = 512

/** How long after a change that the system told of the scan follows: it tells of many in a row. */
const scanDelayMs = 20

export class DirectorySourceStream extends FollowingSource {
  readonly #directory: string
  readonly #root: string
  readonly #options: DirectorySourceOptions
  readonly #fileSystem: FileSystem
  readonly #pattern: FilePattern
  readonly #scan: DirectoryScan
  readonly #limits: { readonly maxOpenFiles: number; readonly maxFiles: number; readonly forgetAfterMs: number }
  readonly #scanIntervalMs: number
  readonly #followers = new Map<string, FileFollower>()
  readonly #bystanders: Bystanders
  readonly #buffers = new ReadBuffers()
  readonly #watchers = new Map<string, FSWatcher>()
  /** Those that hold descriptors, the one least recently read first. */
  readonly #open = new Set<FileFollower>()
  /** The files of followers that have not opened them yet. */
  readonly #met = new Map<string, FileFollower>()
  /** Followers that had no turn yet. */
  readonly #newcomers = new Set<FileFollower>()
  /** Followers of rotated files that have given everything. */
  readonly #finished = new Set<FileFollower>()
  readonly #missingSince = new Map<FileFollower, number>()
  /** The accounts of files that are gone, in one. */
  readonly #past: AccountingTracker
  readonly #troubles = new Set<string>()
  #scanTimer: NodeJS.Timeout | undefined
  #scanning: Promise<void> | undefined
  #lastScanMs = 0
  #lastBystandersMs = 0
  #isFirstScan = true
  #toldTooMany = false

  constructor(directory: string, options: DirectorySourceOptions, fileSystem: FileSystem) {
    super(options.pollIntervalMs ?? followDefaults.pollIntervalMs, options.checkpoint)
    const said = withDefaults({ ...defaults, ...followDefaults }, options)
    this.#directory = directory
    this.#root = resolve(directory)
    this.#options = options
    this.#fileSystem = fileSystem
    this.#limits = said
    this.#scanIntervalMs = said.scanIntervalMs
    this.#bystanders = new Bystanders(said.rotateDelayMs)
    this.#past = new AccountingTracker({
      source: `${directory} (files that are gone)`,
      saved: options.checkpoint?.get(this.#pastKey),
    })
    this.#pattern = new FilePattern([said.pattern].flat(), [options.exclude ?? []].flat())
    this.#scan = new DirectoryScan(fileSystem, this.#root, {
      recursive: said.recursive,
      matches: (path) => this.#pattern.matches(path),
      onTrouble: (path, error) => this.#tellTrouble(path, error),
      onDirectory: (path) => said.watch && said.follow && this.#watch(path),
    })
  }

  protected override async open(): Promise<void> {
    await this.#assertDirectory()
    this.#followSaved()
    await this.#look()
    this.#options.checkpoint?.set(this.#marker, () => this.#hasBegun || undefined)
    if (this.#options.follow === false) this.stop()
  }

  /** Says that this directory was followed before, so that files without a position are new ones. */
  get #marker(): string {
    return `directory:${this.#root}`
  }

  get #hasBegun(): boolean {
    for (const follower of this.turns.items()) if (!follower.hasBegun) return false
    return true
  }

  async #assertDirectory(): Promise<void> {
    try {
      const stat = await this.#fileSystem.stat(this.#root)
      if (stat.isDirectory()) return
    } catch (error) {
      if (isMissing(error) || this.#options.follow !== false) return
    }
    throw new LogwispError('FILE_UNREADABLE', `${this.#root} is no directory: follow a file with fileSource`)
  }

  /** Files that have a position, there or not: one may have been rotated and not made anew yet. */
  #followSaved(): void {
    const { checkpoint } = this.#options
    if (checkpoint === undefined || this.#options.follow === false) return
    const keys = new Set(checkpoint.keys())
    for (const key of keys) {
      if (!key.startsWith('file:')) continue
      const path = key.slice('file:'.length)
      const below = relative(this.#root, path)
      if (below.startsWith('..') || below === path || (below.includes(sep) && !this.#options.recursive)) continue
      if (!this.#pattern.matches(below.split(sep).join('/'))) continue
      this.#followPath(path, false)
      // A rotated one that an earlier run did not get to the end of.
      const directory = dirname(path)
      const isRotated = possibleBases(basename(path)).some((base) => keys.has(`file:${join(directory, base)}`))
      if (isRotated) this.#followers.get(path)?.stop()
    }
  }

  /** Lists the directory, and follows what is new. */
  async #look(): Promise<void> {
    this.#lastScanMs = Date.now()
    this.#forgetFinished()
    const isFirst = this.#isFirstScan
    const directories = await this.#scan.scan()
    this.#isFirstScan = false
    for (const [key, follower] of this.#met) if (follower.hasBegun || follower.done) this.#met.delete(key)
    const isNew = !isFirst || this.#options.checkpoint?.get(this.#marker) === true
    // Rotated files may be many, and hardly one of them ever grows.
    const looksAtBystanders = this.#lastScanMs - this.#lastBystandersMs >= this.#bystanders.settleMs
    if (looksAtBystanders) this.#lastBystandersMs = this.#lastScanMs
    const seen = new Set<string>()
    for (const directory of directories) {
      const matched = new Set(directory.names)
      for (const name of directory.names) {
        const path = join(directory.path, name)
        seen.add(path)
        if (this.#followers.has(path) || (this.#bystanders.has(path) && !looksAtBystanders)) continue
        await this.#meet(path, name, directory, matched, isNew)
      }
    }
    for (const path of this.#bystanders.paths()) if (!seen.has(path)) this.#bystanders.delete(path)
  }

  /** A file that is not followed: follows it, or puts it with the bystanders. */
  async #meet(
    path: string,
    name: string,
    directory: ListedDirectory,
    matched: ReadonlySet<string>,
    isNew: boolean,
  ): Promise<void> {
    const stat = await this.#fileSystem.stat(path).catch(() => undefined)
    if (stat === undefined || this.destroyed) return
    if (this.#bystanders.has(path)) {
      const from = await this.#bystanders.look(path, stat, this.#known)
      if (from === undefined) return
      this.#bystanders.delete(path)
      return this.#followPath(path, false, from)
    }
    const isKnown = this.#known.reads(stat) || this.#known.readUpTo(stat) !== undefined
    const isRotated = possibleBases(name).some(
      (base) => matched.has(base) || this.#followers.has(join(directory.path, base)),
    )
    if (!isKnown && !isRotated) return this.#followPath(path, isNew, this.#startAt, stat)
    const fromBeginning = isNew || this.#startAt === 'beginning'
    if (isKnown || isNew || !fromBeginning)
      return this.#bystanders.add(path, stat, fromBeginning ? 0 : Number(stat.size))
    // Wanted from its beginning, but no longer written to: to its end, and then it stands by as others do.
    this.#followPath(path, false, 'beginning', stat)
    this.#followers.get(path)?.stop()
  }

  readonly #known: KnownFiles = {
    reads: (stat) => {
      const met = this.#met.get(fileKey(stat))
      if (met !== undefined && !met.hasBegun) return true
      for (const follower of this.turns.items()) if (follower.reads(stat)) return true
      return false
    },
    readUpTo: (stat) => {
      for (const follower of this.turns.items()) {
        const offset = follower.readUpTo(stat)
        if (offset !== undefined) return offset
      }
      return undefined
    },
    isCopy: async (path) => {
      const file = await openFile(this.#fileSystem, path).catch(() => undefined)
      if (file === undefined) return false
      await file.close()
      return file.compressed || [...this.turns.items()].some((follower) => follower.hasRead(file.head))
    },
  }

  get #startAt(): StartAt {
    return this.#options.startAt ?? (this.#options.follow === false ? 'beginning' : 'end')
  }

  #followPath(path: string, appears: boolean, startAt: StartAt = this.#startAt, stat?: BigIntStats): void {
    if (this.#followers.size >= this.#limits.maxFiles) return this.#tellTooMany(path)
    const { checkpoint, source } = this.#options
    const shownPath = join(this.#directory, relative(this.#root, path))
    const key = `file:${path}`
    const saved = checkpoint?.get(key)
    if (saved !== undefined) this.#takeOver(path)
    const follower = new FileFollower(
      path,
      { ...followerOptions(this.#options), source: source?.(shownPath) ?? shownPath, startAt },
      {
        fileSystem: this.#fileSystem,
        buffers: this.#buffers,
        events: this.followerEvents,
        saved,
        appears,
      },
    )
    checkpoint?.set(key, () => follower.position())
    this.#followers.set(path, follower)
    if (stat !== undefined) this.#met.set(fileKey(stat), follower)
    this.#newcomers.add(follower)
    this.follow(follower)
  }

  /** The position of one that has finished, and is not acknowledged yet, is gone on with: its account is too. */
  #takeOver(path: string): void {
    for (const follower of this.#finished) {
      if (follower.path !== path) continue
      this.#finished.delete(follower)
      this.unfollowed.delete(follower)
    }
  }

  protected override async beforeTurn(follower: FileFollower): Promise<void> {
    this.#open.delete(follower)
    if (this.#open.size < this.#limits.maxOpenFiles) return
    for (const other of this.#open) {
      if (!(await other.release())) continue
      this.#open.delete(other)
      return
    }
  }

  protected override async afterTurn(follower: FileFollower): Promise<void> {
    if (follower.openFiles > 0) this.#open.add(follower)
    // From now on they are known to a restart, also when they are rotated before the next save by the clock.
    if (this.#newcomers.delete(follower) && this.#newcomers.size === 0) void this.savePositions()
    if (follower.done) await this.#standBy(follower)
    else if (!follower.isMissing) this.#missingSince.delete(follower)
    else await this.#forgetIfLong(follower)
  }

  /** A follower has done what it had to: its file is only watched for growth. */
  async #standBy(follower: FileFollower): Promise<void> {
    const { path } = follower
    this.#open.delete(follower)
    const stat = await this.#fileSystem.stat(path).catch(() => undefined)
    if (stat !== undefined) this.#bystanders.add(path, stat, Number(stat.size))
    this.#followers.delete(path)
    if (!this.stopping) this.#finished.add(follower)
  }

  /** The positions of files that were read to their end are kept until everything of them is acknowledged. */
  #forgetFinished(): void {
    for (const follower of this.#finished) {
      if (!follower.isAcknowledged) continue
      this.#finished.delete(follower)
      this.#closeAccount(follower)
    }
  }

  async #forgetIfLong(follower: FileFollower): Promise<void> {
    const since = this.#missingSince.get(follower) ?? Date.now()
    this.#missingSince.set(follower, since)
    if (Date.now() - since < this.#limits.forgetAfterMs || !follower.isAcknowledged) return
    this.#missingSince.delete(follower)
    this.#followers.delete(follower.path)
    this.#open.delete(follower)
    this.#toldTooMany = false
    await this.unfollow(follower)
    this.#closeAccount(follower)
  }

  /** It is gone, or was read to its end: from now on its account is told in one with those of others. */
  #closeAccount(follower: FileFollower): void {
    const { checkpoint } = this.#options
    this.unfollowed.delete(follower)
    this.#past.absorb(follower.account)
    // In one turn, so that no save has its account twice or not at all.
    checkpoint?.delete(`file:${follower.path}`)
    checkpoint?.set(this.#pastKey, () => this.#past.savedBooks)
  }

  get #pastKey(): string {
    return `books:${this.#root}`
  }

  /** Beside the accounts of files, one of those that are gone, if there were any. */
  override get ledger(): readonly SourceAccount[] {
    const { account } = this.#past
    return account.entries === 0 ? super.ledger : Object.freeze([account, ...super.ledger])
  }

  protected override onTick(): void {
    if (Date.now() - this.#lastScanMs >= this.#scanIntervalMs) this.#lookInBackground()
  }

  /** Beside the turns: a large directory does not hold up the lines of the files that are known. */
  #lookInBackground(): void {
    if (this.#scanning !== undefined || this.stopping || this.destroyed) return
    this.#scanning = this.#look()
      .catch((error: Error) => {
        this.destroy(error)
      })
      .finally(() => {
        this.#scanning = undefined
      })
  }

  #watch(path: string): void {
    const stopWatching = (): void => {
      this.#watchers.get(path)?.close()
      this.#watchers.delete(path)
    }
    // A directory that came back is another one, of which the old watch tells nothing.
    stopWatching()
    if (this.#watchers.size >= maxWatchers) return
    try {
      const watcher = this.#fileSystem.watch(path, (name, isNew) => this.#changed(path, name, isNew))
      this.#watchers.set(path, watcher)
      // Polling goes on without it.
      watcher.on('error', stopWatching)
    } catch {
      // The system has no watches left, or the directory just went: polling finds everything, a little later.
    }
  }

  #changed(directory: string, name: string | null, isNew: boolean): void {
    const follower = name === null ? undefined : this.#followers.get(join(directory, name))
    if (follower !== undefined) this.wake(follower)
    else if (isNew && !this.stopping) {
      this.#scanTimer ??= setTimeout(() => {
        this.#scanTimer = undefined
        this.#lookInBackground()
      }, scanDelayMs).unref()
    }
  }

  #tellTrouble(path: string, cause: unknown): void {
    if (this.#troubles.has(path)) return
    this.#troubles.add(path)
    const message = `${path} can't be listed (${(cause as Error).message}); it is tried again: give the right to read it`
    this.emit('warning', new LogwispError('FILE_UNREADABLE', message, { cause }))
  }

  #tellTooMany(path: string): void {
    if (this.#toldTooMany) return
    this.#toldTooMany = true
    const message = `${path} and perhaps others are not followed: maxFiles is ${this.#limits.maxFiles}. Raise it, or narrow the pattern`
    this.emit('warning', new LogwispError('TOO_MANY_FILES', message))
  }

  protected override async onClose(): Promise<void> {
    clearTimeout(this.#scanTimer)
    for (const watcher of this.#watchers.values()) watcher.close()
    await this.#scanning
  }
}

function fileKey({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}
