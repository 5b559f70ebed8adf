/** Saved positions: where each source goes on after a restart, kept in one small file that a crash can't tear. */

import { EventEmitter } from 'node:events'
import { resolve } from 'node:path'
import { LogwispError } from './errors.ts'
import { type CheckpointFile, checkpointFile, reasonOf } from './internal/checkpoint-file.ts'
import { checkArgument, checkOptions, option } from './options.ts'

/** What a source saves: anything that JSON can hold. */
export type Position = string | number | boolean | null | readonly Position[] | { readonly [name: string]: Position }

/** How {@link openCheckpoint} saves. */
export interface CheckpointOptions {
  /**
   * How often positions are written to disk, if they changed. What was acknowledged since the last save is given
   * again after a crash, so this is also how much a receiver may see twice.
   *
   * Unit: ms, 10 to 3 600 000.
   * @default 1000
   */
  readonly saveIntervalMs?: number | undefined
  /**
   * How many positions are kept. When there are more, the positions that no source of this program has set go first,
   * oldest first; when there are none of those, `set` throws.
   *
   * @default 100000
   */
  readonly maxKeys?: number | undefined
}

/** What a checkpoint emits. */
export interface CheckpointEvents {
  /** A save by the clock failed; it is tried again after `saveIntervalMs`. Code `CHECKPOINT_FAILED`. */
  warning: [error: LogwispError]
}

const defaults = { saveIntervalMs: 1000, maxKeys: 100_000 } as const

const rules = {
  saveIntervalMs: option.integer({ min: 10, max: 3_600_000 }),
  maxKeys: option.integer({ min: 1, orInfinity: true }),
}

/**
 * A position, or what gives it when the checkpoint is saved; undefined then means to leave what was saved. The same object
 * given again is looked at again, unless it is frozen: that is what a source with many positions gives for those at rest.
 */
export type PositionOrFunction = Position | (() => Position | undefined)

/**
 * Saved positions by key. Made by {@link openCheckpoint}; hand it to sources, and close it once `pipeline` resolved.
 * A checkpoint file belongs to one process at a time.
 */
export class Checkpoint extends EventEmitter<CheckpointEvents> {
  readonly #file: CheckpointFile
  readonly #maxKeys: number
  readonly #saved: Map<string, Position>
  readonly #live = new Map<string, PositionOrFunction>()
  readonly #timer: NodeJS.Timeout
  /** The JSON of each position in `#saved`. */
  readonly #texts = new Map<string, { readonly position: Position; readonly text: string }>()
  /** Whether the file is not what is known. */
  #changed = true
  #saving: Promise<void> | undefined
  #closing: Promise<void> | undefined

  private constructor(file: CheckpointFile, saved: Map<string, Position>, options: CheckpointOptions) {
    super()
    this.#file = file
    this.#saved = saved
    this.#maxKeys = options.maxKeys ?? defaults.maxKeys
    this.#timer = setInterval(() => this.#saveByClock(), options.saveIntervalMs ?? defaults.saveIntervalMs)
    this.#timer.unref()
  }

  /** For {@link openCheckpoint}. */
  static async open(file: CheckpointFile, options: CheckpointOptions = {}): Promise<Checkpoint> {
    const checkpoint = new Checkpoint(file, await file.load(), options)
    try {
      // So that a directory that can't be written is found now, and not when the first position is lost.
      await checkpoint.save()
    } catch (error) {
      await checkpoint.close().catch(() => {})
      throw error
    }
    return checkpoint
  }

  /** Where it is saved. */
  get path(): string {
    return this.#file.path
  }

  /** The position of a key: what was set last, or what was saved before. */
  get(key: string): Position | undefined {
    this.#assertOpen()
    const live = this.#live.get(key)
    if (live === undefined) return this.#saved.get(key)
    return typeof live === 'function' ? (live() ?? this.#saved.get(key)) : live
  }

  /**
   * Keeps a position under a key. A function is asked at each save, so a source sets it once and need not call again.
   *
   * @throws LogwispError `CHECKPOINT_CLOSED` after `close`, `CHECKPOINT_FULL` when `maxKeys` sources use it.
   */
  set(key: string, position: PositionOrFunction): void {
    this.#assertOpen()
    if (!this.#live.has(key)) this.#makeRoom(key)
    this.#live.set(key, position)
  }

  /** Forgets a key. */
  delete(key: string): void {
    this.#assertOpen()
    this.#live.delete(key)
    if (this.#saved.delete(key)) this.#changed = true
    this.#texts.delete(key)
  }

  /** All keys, in no promised order. */
  keys(): string[] {
    this.#assertOpen()
    return [...new Set([...this.#saved.keys(), ...this.#live.keys()])]
  }

  /**
   * Writes the positions to disk now, if they changed; resolves once they are safe there.
   *
   * @throws LogwispError `CHECKPOINT_FAILED` when they can't be written; the file is as it was then.
   */
  save(): Promise<void> {
    this.#assertOpen()
    return this.#save()
  }

  /**
   * Saves and lets go. The functions that were set are asked for the last time.
   *
   * @throws LogwispError `CHECKPOINT_FAILED` when the last save failed: positions acknowledged since the save before
   *   are not on disk, and their entries will be given again.
   */
  close(): Promise<void> {
    clearInterval(this.#timer)
    this.#closing ??= this.#save()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return
    throw new LogwispError(
      'CHECKPOINT_CLOSED',
      `the checkpoint ${this.path} is closed: close it after the pipelines that use it are done`,
    )
  }

  #makeRoom(key: string): void {
    if (this.#saved.has(key)) return
    const isNew = (known: string): boolean => !this.#saved.has(known)
    const size = this.#saved.size + [...this.#live.keys()].filter(isNew).length
    if (size < this.#maxKeys) return
    for (const old of this.#saved.keys()) {
      if (this.#live.has(old)) continue
      this.#saved.delete(old)
      this.#texts.delete(old)
      this.#changed = true
      return
    }
    throw new LogwispError(
      'CHECKPOINT_FULL',
      `the checkpoint ${this.path} holds ${this.#maxKeys} positions in use: raise maxKeys, or follow fewer files`,
    )
  }

  #saveByClock(): void {
    // A slow disk: the save under way is followed by one at the next turn of the clock.
    if (this.#saving !== undefined) return
    this.#save().catch((error: LogwispError) => this.emit('warning', error))
  }

  /** One save after the other; a call while one runs gets a save of its own behind it, with the positions of then. */
  #save(): Promise<void> {
    const before = this.#saving ?? Promise.resolve()
    const saving = before.catch(() => {}).then(() => this.#write())
    this.#saving = saving
    const done = (): void => {
      if (this.#saving === saving) this.#saving = undefined
    }
    saving.then(done, done)
    return saving
  }

  /** Ten saves a second, of thousands of files of which most are still: what is frozen is not written out again. */
  #text(key: string, position: Position): string {
    const known = this.#texts.get(key)
    if (known?.position === position && Object.isFrozen(position)) return known.text
    const text = JSON.stringify(position)
    if (known?.text !== text) this.#changed = true
    this.#texts.set(key, { position, text })
    return text
  }

  async #write(): Promise<void> {
    try {
      for (const [key, live] of this.#live) {
        const position = typeof live === 'function' ? live() : live
        if (position !== undefined) this.#saved.set(key, position)
      }
      const positions = Array.from(
        this.#saved,
        ([key, position]) => `${JSON.stringify(key)}:${this.#text(key, position)}`,
      )
      if (!this.#changed) return
      this.#changed = false
      await this.#file.replace(positions)
    } catch (cause) {
      this.#changed = true
      throw new LogwispError(
        'CHECKPOINT_FAILED',
        `could not save positions to ${this.path} (${reasonOf(cause)}): make its directory exist, writable and not full`,
        { cause },
      )
    }
  }
}

/**
 * Opens the file that positions are saved in, or begins it.
 *
 * Saved every `saveIntervalMs` and at `close()`: written beside it, fsynced, renamed, so a crash leaves the file as it
 * was before or as it is after. The timer keeps no process alive.
 *
 * @throws OptionError `BAD_OPTION`.
 * @throws LogwispError (rejects) `CHECKPOINT_CORRUPT` when the file is there but is no checkpoint, `CHECKPOINT_FAILED`
 *   when it can't be read or written.
 *
 * @example
 * ```ts
 * import { pipeline } from 'node:stream/promises'
 * import { openCheckpoint } from '@logwisp/core'
 * import { fileSource } from '@logwisp/sources'
 * import { consoleSink } from '@logwisp/sinks'
 *
 * const checkpoint = await openCheckpoint('./positions.json')
 * await pipeline(fileSource('/var/log/app.log', { checkpoint }), consoleSink())
 * await checkpoint.close()
 * ```
 */
export async function openCheckpoint(path: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  checkArgument('openCheckpoint', 'path', path, option.text)
  checkOptions('openCheckpoint', options, rules)
  return Checkpoint.open(checkpointFile(resolve(path)), options)
}
