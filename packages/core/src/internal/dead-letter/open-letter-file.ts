/** The file that a sink of dead letters writes to: made by it, appended to, and looked at after each sync. */

import type { BigIntStats } from 'node:fs'
import { type FileSystem, isAbsent, type OpenFile } from '../file-system.ts'
import { syncDirectory } from '../sync-directory.ts'
import { letterPath } from './letter-files.ts'

/** Entries may be secret: only their owner reads them. */
const ownerOnly = 0o600

export class OpenLetterFile {
  readonly stem: string
  readonly path: string
  /** What of it is safe. Unit: bytes. */
  bytes = 0
  readonly #fs: FileSystem
  readonly #directory: string
  readonly #handle: OpenFile
  readonly #identity: BigIntStats
  #isNamed = false

  private constructor(fs: FileSystem, directory: string, stem: string, handle: OpenFile, identity: BigIntStats) {
    this.#fs = fs
    this.#directory = directory
    this.#handle = handle
    this.#identity = identity
    this.stem = stem
    this.path = letterPath(directory, stem, 'written')
  }

  /** Makes a file that was not there. */
  static async make(fs: FileSystem, directory: string, stem: string): Promise<OpenLetterFile> {
    const handle = await fs.open(letterPath(directory, stem, 'written'), 'ax', ownerOnly)
    try {
      return new OpenLetterFile(fs, directory, stem, handle, await handle.stat({ bigint: true }))
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /**
   * Appends lines and waits until the disk has them. False when the file is not at its path any more: a replay that took
   * it may have come to its end already, so the lines must go into another one, and this one must be closed.
   */
  async append(lines: readonly Buffer[]): Promise<boolean> {
    const bytes = lines.reduce((sum, { length }) => sum + length, 0)
    await this.#write(lines)
    await this.#handle.datasync()
    if (!this.#isNamed) await syncDirectory(this.#fs, this.#directory)
    this.#isNamed = true
    if (!(await this.#isAtItsPath())) return false
    this.bytes += bytes
    return true
  }

  /** Takes back what is not safe, and closes it. A file with nothing in it is removed. */
  async close(): Promise<void> {
    try {
      // Whether it succeeds or not: nothing will follow what is left of a line, and a line that is left comes twice.
      await this.#handle.truncate(this.bytes).catch(() => {})
    } finally {
      await this.#handle.close()
    }
    if (this.bytes === 0) await this.#fs.rm(this.path, { force: true })
  }

  async #write(lines: readonly Buffer[]): Promise<void> {
    let left: Buffer = lines.length === 1 ? (lines[0] as Buffer) : Buffer.concat(lines)
    while (left.length > 0) {
      const { bytesWritten } = await this.#handle.writev([left])
      if (bytesWritten === 0) throw Object.assign(new Error(`nothing was written to ${this.path}`), { code: 'EIO' })
      left = left.subarray(bytesWritten)
    }
  }

  async #isAtItsPath(): Promise<boolean> {
    try {
      const { dev, ino } = await this.#fs.stat(this.path, { bigint: true })
      return dev === this.#identity.dev && ino === this.#identity.ino
    } catch (error) {
      if (isAbsent(error)) return false
      throw error
    }
  }
}
