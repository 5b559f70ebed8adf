/** A directory of dead letters as one replay has it: its files, how far it has come in each, and that nobody else has it. */

import { join, resolve } from 'node:path'
import { Checkpoint } from '../../checkpoint.ts'
import type { LogwispError } from '../../errors.ts'
import { type FileLock, lockFile } from '../../lock-file.ts'
import { checkpointFile } from '../checkpoint-file.ts'
import type { FileSystem } from '../file-system.ts'
import { letterPath, listLetters, syncDirectory } from './letter-files.ts'

/** One of its files. */
export interface ClaimedFile {
  readonly path: string
  readonly stem: string
  /** Where the replay begins in it. */
  from: number
  /** Up to where all is acknowledged: the beginning of a line. Unit: bytes, as all here. */
  done: number
  /** How long it was when it was taken. */
  readonly bytes: number
  /** Whether it has lines that are no entries. */
  hasUnreadable: boolean
}

export class ReplayClaim {
  /** The files, in the order in which they are replayed. */
  readonly files: readonly ClaimedFile[]
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #lock: FileLock
  readonly #checkpoint: Checkpoint

  private constructor(
    fs: FileSystem,
    directory: string,
    held: { readonly lock: FileLock; readonly checkpoint: Checkpoint; readonly files: readonly ClaimedFile[] },
  ) {
    this.#fs = fs
    this.#directory = directory
    this.#lock = held.lock
    this.#checkpoint = held.checkpoint
    this.files = held.files
  }

  /**
   * Takes what is in the directory. `warn` is told of saves that failed and are tried again.
   *
   * @throws LogwispError `FILE_IN_USE`, `CHECKPOINT_CORRUPT`, `CHECKPOINT_FAILED`; the system's errors.
   */
  static async take(fs: FileSystem, path: string, warn: (warning: LogwispError) => void): Promise<ReplayClaim> {
    const directory = resolve(path)
    // Before the lock, whose error would be about the lock.
    await fs.readdir(directory)
    const lock = await takeLock(directory)
    let checkpoint: Checkpoint | undefined
    try {
      checkpoint = await Checkpoint.open(checkpointFile(join(directory, checkpointName), fs), { maxKeys: Infinity })
      checkpoint.on('warning', warn)
      const files = await takeFiles(fs, directory, checkpoint)
      return new ReplayClaim(fs, directory, { lock, checkpoint, files })
    } catch (error) {
      await checkpoint?.close().catch(() => {})
      await lock.release()
      throw error
    }
  }

  /** Everything in a file is acknowledged: removes it, or puts it aside for a person to look at. */
  async finish(file: ClaimedFile): Promise<void> {
    const { stem, path } = file
    if (file.hasUnreadable) await this.#fs.rename(path, letterPath(this.#directory, stem, 'unreadable'))
    else await this.#fs.rm(path, { force: true })
    // Before its place is forgotten: a power cut would bring it back, and all of it would be given again.
    await syncDirectory(this.#fs, this.#directory)
    this.#checkpoint.delete(stem)
  }

  /**
   * Saves how far it has come, and lets go of the directory.
   *
   * @throws LogwispError `CHECKPOINT_FAILED`
   */
  async release(): Promise<void> {
    try {
      const isEmpty = this.#checkpoint.keys().length === 0
      await this.#checkpoint.close()
      if (isEmpty) await this.#fs.rm(join(this.#directory, checkpointName), { force: true })
    } finally {
      await this.#lock.release()
    }
  }
}

const checkpointName = 'replay.json'

const notBegun = { done: 0, hasUnreadable: false }

async function takeLock(directory: string): Promise<FileLock> {
  const path = join(directory, '.replay.lock')
  return lockFile(path, (pid) => {
    const who = pid === undefined ? 'another replay that is starting' : `a replay of process ${pid}`
    const advice = `wait for its end, or \`close()\` it; if none runs any more, remove ${path}`
    return `${directory} is being replayed by ${who}: ${advice}`
  })
}

/** What earlier replays left, and behind it what was written since. */
async function takeFiles(fs: FileSystem, directory: string, checkpoint: Checkpoint): Promise<ClaimedFile[]> {
  const found = await listLetters(fs, directory)
  const claimed: ClaimedFile[] = []
  for (const { path, stem, bytes } of found.filter(({ state }) => state === 'replay')) {
    const { done, hasUnreadable } = (checkpoint.get(stem) ?? notBegun) as unknown as typeof notBegun
    claimed.push({ path, stem, bytes, from: done, done, hasUnreadable })
  }
  const known = new Set(claimed.map(({ stem }) => stem))
  for (const stem of checkpoint.keys()) if (!known.has(stem)) checkpoint.delete(stem)
  for (const { path, stem, bytes } of found.filter(({ state }) => state === 'written')) {
    const taken = letterPath(directory, stem, 'replay')
    await fs.rename(path, taken)
    claimed.push({ path: taken, stem, bytes, from: 0, ...notBegun })
  }
  await syncDirectory(fs, directory)
  for (const file of claimed) {
    checkpoint.set(file.stem, () => ({ done: file.done, hasUnreadable: file.hasUnreadable }))
  }
  return claimed
}
