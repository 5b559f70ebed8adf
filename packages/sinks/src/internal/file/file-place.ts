/** A sink's place in a directory: its lock, the file that it writes, and the names of those that it wrote before. */

import { join } from 'node:path'
import { type FileLock, LogwispError } from '@logwisp/core'
import { ActiveFile } from './active-file.ts'
import type { FileSystem } from './file-system.ts'
import { activeName, compareRotated, nextRotatedName, parseRotatedName, type RotatedName } from './rotation.ts'
import { syncDirectory } from './sync-directory.ts'

/** Whose place it is. */
export interface FilePlaceOptions {
  readonly directory: string
  readonly name: string
  /** Whether a new file's name must survive a power cut. */
  readonly isDurable: boolean
  /** Told of `TORN_LINE`. */
  readonly warn: (warning: LogwispError) => void
}

/** Opens, mends and renames the file of one sink. Its calls must not overlap; each may be repeated after it failed. */
export class FilePlace {
  /** The file that is written. */
  readonly path: string
  readonly #fs: FileSystem
  readonly #options: FilePlaceOptions
  #lock: FileLock | undefined
  /** Whether the file's end may be what a crash of a sink left; false once that was looked at. */
  #isAfterCrash = false
  #last: RotatedName | undefined
  #isRecalled = false

  constructor(fs: FileSystem, options: FilePlaceOptions) {
    this.#fs = fs
    this.#options = options
    this.path = join(options.directory, activeName(options.name))
  }

  /**
   * Opens or makes the file, at the first time after taking the lock.
   *
   * @throws LogwispError `FILE_IN_USE`; the system's errors.
   */
  async open(): Promise<ActiveFile> {
    await this.#claim()
    const file = await ActiveFile.open(this.#fs, this.path)
    try {
      await this.#mend(file)
      if (this.#options.isDurable) await syncDirectory(this.#fs, this.#options.directory)
    } catch (error) {
      await file.close()
      throw error
    }
    return file
  }

  /** Renames the file to the next rotated name, and returns the path that it has then. */
  async moveAway(): Promise<string> {
    const rotated = nextRotatedName(this.#options.name, Date.now(), this.#last)
    const path = join(this.#options.directory, rotated.fileName)
    await this.#fs.rename(this.path, path)
    this.#last = rotated
    return path
  }

  /** Lets go of the lock. Not `isWhole`: the file may end within a line, which the next sink is to cut off. */
  async release(isWhole: boolean): Promise<void> {
    const lock = this.#lock
    this.#lock = undefined
    if (isWhole) await lock?.release()
    else lock?.abandon()
  }

  /** Takes the lock, and learns which names are taken. */
  async #claim(): Promise<void> {
    const { directory, name } = this.#options
    if (this.#lock === undefined) {
      await this.#fs.mkdir(directory, { recursive: true })
      this.#lock = await this.#takeLock(join(directory, `.${name}.lock`))
      this.#isAfterCrash = this.#lock.isTakenOver
    }
    if (this.#isRecalled) return
    const names = await this.#fs.readdir(directory)
    const rotated = names.flatMap((fileName) => parseRotatedName(name, fileName) ?? [])
    this.#last = rotated.sort(compareRotated).at(-1)
    this.#isRecalled = true
  }

  #takeLock(path: string): Promise<FileLock> {
    return this.#fs.lockFile(path, (pid) => {
      const advice = `if no such sink runs any more, remove ${path}`
      return `${this.path} is being written by a sink of process ${pid}: give this sink another name or directory; ${advice}`
    })
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
    this.#options.warn(new LogwispError('TORN_LINE', `the last ${torn} bytes of ${this.path}, ${deed}: ${advice}`))
  }
}
