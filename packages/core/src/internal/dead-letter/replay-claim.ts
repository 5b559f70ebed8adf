/** A directory of dead letters as one replay has it: its files, how far it has come in each, and that nobody else has it. */

import { join, resolve } from 'node:path'
import type { LogwispError } from '../../errors.ts'
import { type FileLock, lockFile } from '../../lock-file.ts'
import { type CheckpointFile, checkpointFile } from '../checkpoint-file.ts'
import type { FileSystem } from '../file-system.ts'
import { syncDirectory } from '../sync-directory.ts'
import { letterPath, listLetters } from './letter-files.ts'
import { type ReplayPosition, ReplayPositions } from './replay-positions.ts'

/** One of its files. */
export interface ClaimedFile extends ReplayPosition {
  readonly path: string
  readonly stem: string
  /** How long it was when it was taken. Unit: bytes, as all here. */
  readonly bytes: number
  /** Where the replay begins in it. */
  from: number
  done: number
  hasUnreadable: boolean
}

export class ReplayClaim {
  /** The files, in the order in which they are replayed. */
  readonly files: readonly ClaimedFile[]
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #lock: FileLock
  readonly #positions: ReplayPositions
  /** The files that are still there. */
  readonly #left: Map<string, ClaimedFile>

  private constructor(
    fs: FileSystem,
    directory: string,
    lock: FileLock,
    files: readonly ClaimedFile[],
    warn: (warning: LogwispError) => void,
  ) {
    this.#fs = fs
    this.#directory = directory
    this.#lock = lock
    this.files = files
    this.#left = new Map(files.map((file) => [file.stem, file]))
    this.#positions = new ReplayPositions(positionsFile(fs, directory), () => this.#positionsLeft(), warn)
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
    try {
      return new ReplayClaim(fs, directory, lock, await takeFiles(fs, directory), warn)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  /** More of the files is acknowledged. */
  advanced(): void {
    this.#positions.changed()
  }

  /** Nothing more is given: what is acknowledged from now on is saved at once. */
  hurry(): void {
    this.#positions.hurry()
  }

  /** Everything in a file is acknowledged: removes it, or puts it aside for a person to look at. */
  async finish(file: ClaimedFile): Promise<void> {
    const { stem, path } = file
    if (file.hasUnreadable) await this.#fs.rename(path, letterPath(this.#directory, stem, 'unreadable'))
    else await this.#fs.rm(path, { force: true })
    // Before its place is forgotten: a power cut would bring it back, and all of it would be given again.
    await syncDirectory(this.#fs, this.#directory)
    this.#left.delete(stem)
    this.#positions.changed()
  }

  /**
   * Saves how far it has come, and lets go of the directory.
   *
   * @throws LogwispError `CHECKPOINT_FAILED`
   */
  async release(): Promise<void> {
    try {
      await this.#positions.close()
      if (this.#left.size === 0) await this.#fs.rm(join(this.#directory, positionsName), { force: true })
    } finally {
      await this.#lock.release()
    }
  }

  #positionsLeft(): Map<string, ReplayPosition> {
    const begun = [...this.#left.values()].filter(({ done, hasUnreadable }) => done > 0 || hasUnreadable)
    return new Map(begun.map(({ stem, done, hasUnreadable }) => [stem, { done, hasUnreadable }]))
  }
}

/** How far replays have come. */
export const positionsName = 'replay.json'

function positionsFile(fs: FileSystem, directory: string): CheckpointFile {
  return checkpointFile(join(directory, positionsName), fs)
}

function takeLock(directory: string): Promise<FileLock> {
  const path = join(directory, '.replay.lock')
  return lockFile(path, (pid) => {
    const advice = `wait for its end, or \`close()\` it; if none runs any more, remove ${path}`
    return `${directory} is being replayed by a replay of process ${pid}: ${advice}`
  })
}

/** What earlier replays left, and behind it what was written since. */
async function takeFiles(fs: FileSystem, directory: string): Promise<ClaimedFile[]> {
  const positions = await positionsFile(fs, directory).load()
  const found = await listLetters(fs, directory)
  const left = found.filter(({ state }) => state === 'replay')
  const claimed = left.map(({ path, stem, bytes }): ClaimedFile => {
    const { done = 0, hasUnreadable = false } = (positions.get(stem) ?? {}) as Partial<ReplayPosition>
    return { path, stem, bytes, from: done, done, hasUnreadable }
  })
  for (const { path, stem, bytes } of found.filter(({ state }) => state === 'written')) {
    const taken = letterPath(directory, stem, 'replay')
    await fs.rename(path, taken)
    claimed.push({ path: taken, stem, bytes, from: 0, done: 0, hasUnreadable: false })
  }
  // A power cut that undoes the new names would have all of those files replayed again.
  await syncDirectory(fs, directory)
  return claimed
}
