/** The stream of `fileSource`: one follower, and a watch on its directory. */

import type { FSWatcher } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { LogwispError } from '@logwisp/core'
import { withDefaults } from '@logwisp/core/with-defaults'
import type { FileSourceOptions } from '../../file-source.ts'
import { FileFollower } from './file-follower.ts'
import { ReadBuffers } from './file-reader.ts'
import { type FileOnDisk, isSameFile, noFile } from './file-search.ts'
import type { FileSystem } from './file-system.ts'
import { followDefaults, followerOptions } from './follow-options.ts'
import { FollowingSource } from './following-source.ts'

export class FileSourceStream extends FollowingSource {
  readonly #path: string
  readonly #options: FileSourceOptions
  readonly #fileSystem: FileSystem
  /** What the watch is for; undefined when there is to be none. */
  #watched: { readonly path: string; readonly follower: FileFollower } | undefined
  #watcher: FSWatcher | undefined
  /** The directory that is watched, as it was when that began. */
  #directory: FileOnDisk = noFile
  #isLooking = false

  constructor(path: string, options: FileSourceOptions, fileSystem: FileSystem) {
    super(options.pollIntervalMs ?? followDefaults.pollIntervalMs, options.checkpoint)
    this.#path = path
    this.#options = options
    this.#fileSystem = fileSystem
  }

  protected override async open(): Promise<void> {
    const { follow, watch } = withDefaults(followDefaults, this.#options)
    const { startAt = follow ? 'end' : 'beginning', source = this.#path, checkpoint } = this.#options
    const path = resolve(this.#path)
    await this.#assertReadable(path, follow)
    const key = `file:${path}`
    const follower = new FileFollower(
      path,
      { ...followerOptions(this.#options), source, startAt },
      {
        fileSystem: this.#fileSystem,
        buffers: new ReadBuffers(),
        events: this.followerEvents,
        saved: checkpoint?.get(key),
        appears: false,
      },
    )
    checkpoint?.set(key, () => follower.position())
    if (!follow) follower.stop()
    else if (watch) this.#watched = { path, follower }
    await this.#watch()
    this.follow(follower)
    if (!follow) this.stop()
  }

  /** What can be said at once, and would otherwise be waited for in vain. */
  async #assertReadable(path: string, follow: boolean): Promise<void> {
    try {
      const stat = await this.#fileSystem.stat(path)
      if (!stat.isDirectory()) return
    } catch (cause) {
      if (follow) return
      const { message } = cause as Error
      throw new LogwispError('FILE_UNREADABLE', `${path} can't be read (${message}): is the path right?`, { cause })
    }
    throw new LogwispError('FILE_UNREADABLE', `${path} is a directory: follow it with directorySource`)
  }

  protected override onTick(): void {
    if (!this.#isLooking) void this.#watch()
  }

  /**
   * Watches the directory, again when another is at its place: a watch ends with its directory, and tells of that only
   * when no file is open in it. Where there is none, or the system has no watches left, polling finds everything, a
   * little later.
   */
  async #watch(): Promise<void> {
    if (this.#watched === undefined) return
    const { path, follower } = this.#watched
    const name = basename(path)
    this.#isLooking = true
    try {
      const directory = await this.#fileSystem.stat(dirname(path))
      const isSame = this.#watcher !== undefined && isSameFile(directory, this.#directory)
      if (isSame || this.#watched === undefined) return
      this.#unwatch()
      this.#watcher = this.#fileSystem.watch(dirname(path), (changed) => {
        if (changed === name || changed === null) this.wake(follower)
      })
      this.#watcher.on('error', () => this.#unwatch())
      this.#directory = directory
    } catch {
      this.#unwatch()
    } finally {
      this.#isLooking = false
    }
  }

  #unwatch(): void {
    this.#watcher?.close()
    this.#watcher = undefined
  }

  protected override async onClose(): Promise<void> {
    this.#watched = undefined
    this.#unwatch()
  }
}
