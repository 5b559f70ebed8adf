/** The file that a file sink appends to: opened, mended, written, compared with what stands at its path. */

import type { BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { LogwispError } from '@logwisp/core'
import { type FileSystem, isAbsent, type OpenFile } from './file-system.ts'

const lineFeed = 10

/** How much is read at a time in search of the last line feed. */
const tailBytes = 65_536

/** How far a write got: everything, or to an error. */
export interface AppendResult {
  readonly written: number
  readonly error?: unknown
}

/** An open file that is only ever appended to, whoever else truncates or moves it. */
export class ActiveFile {
  readonly path: string
  /** Its length in bytes, as far as this sink knows. */
  size: number
  /** When it was last written to, in ms since the epoch. */
  lastWrite: number
  readonly #fs: FileSystem
  readonly #handle: OpenFile
  readonly #device: bigint
  readonly #inode: bigint

  private constructor(fs: FileSystem, path: string, handle: OpenFile, stats: BigIntStats) {
    this.#fs = fs
    this.path = path
    this.#handle = handle
    this.#device = stats.dev
    this.#inode = stats.ino
    this.size = Number(stats.size)
    this.lastWrite = Number(stats.mtimeMs)
  }

  /** Opens or makes the file, and its directory. */
  static async open(fs: FileSystem, path: string): Promise<ActiveFile> {
    await fs.mkdir(dirname(path), { recursive: true })
    // Reading is for the last line only. Appending is the kernel's doing, so that a file that another program
    // truncates under us (copytruncate) gets no hole.
    const handle = await fs.open(path, 'a+')
    try {
      const stats = await handle.stat({ bigint: true })
      if (!stats.isFile()) throw Object.assign(new Error(`${path} is no regular file`), { code: 'EINVAL' })
      return new ActiveFile(fs, path, handle, stats)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** Appends everything, in as many writes as it takes; an error tells how far it got. */
  async append(buffers: readonly Buffer[]): Promise<AppendResult> {
    let left = buffers
    let written = 0
    try {
      while (left.length > 0) {
        const { bytesWritten } = await this.#handle.writev(left as Buffer[])
        if (bytesWritten === 0) throw Object.assign(new Error(`nothing was written to ${this.path}`), { code: 'EIO' })
        written += bytesWritten
        this.size += bytesWritten
        left = without(left, bytesWritten)
      }
    } catch (error) {
      return { written, error }
    } finally {
      if (written > 0) this.lastWrite = Date.now()
    }
    return { written }
  }

  /** Cuts the last `bytes` off again. */
  async takeBack(bytes: number): Promise<void> {
    if (bytes === 0) return
    // Asked of the file, since another program may have truncated it: a truncate beyond the end would add zeros.
    const { size } = await this.#handle.stat({ bigint: true })
    this.size = Math.max(0, Number(size) - bytes)
    await this.#handle.truncate(this.size)
  }

  /** How many bytes there are after the last line feed. */
  async tornBytes(): Promise<number> {
    const buffer = Buffer.allocUnsafe(Math.min(tailBytes, this.size))
    for (let end = this.size; end > 0; ) {
      const start = Math.max(0, end - buffer.length)
      const { bytesRead } = await this.#handle.read(buffer, 0, end - start, start)
      const feed = buffer.subarray(0, bytesRead).lastIndexOf(lineFeed)
      if (feed !== -1) return this.size - (start + feed + 1)
      end = start
    }
    return this.size
  }

  /** Whether its path shows another file, or none. Also learns of a truncation by somebody else. */
  async hasMoved(): Promise<boolean> {
    try {
      const stats = await this.#fs.stat(this.path, { bigint: true })
      if (stats.dev !== this.#device || stats.ino !== this.#inode) return true
      this.size = Number(stats.size)
      return false
    } catch (error) {
      // Whatever else keeps us from looking does not keep us from writing.
      return isAbsent(error)
    }
  }

  /**
   * Waits until the disk has what was written.
   *
   * @throws LogwispError `WRITE_FAILED`, also for want of space: the system may have thrown away what it could not write,
   * and a second sync would then succeed without it.
   */
  async sync(): Promise<void> {
    try {
      await this.#handle.datasync()
    } catch (error) {
      throw writeFailed(this.path, error)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

/** The error that ends a sink. */
export function writeFailed(path: string, cause: unknown): LogwispError {
  if (cause instanceof LogwispError) return cause
  const advice =
    'check the path, its permissions and the disk; what was not acknowledged comes again from a source that can'
  return new LogwispError('WRITE_FAILED', `cannot write ${path} (${(cause as Error).message}): ${advice}`, { cause })
}

/** The buffers without their first `bytes`. */
function without(buffers: readonly Buffer[], bytes: number): readonly Buffer[] {
  let left = bytes
  let whole = 0
  for (const { length } of buffers) {
    if (length > left) break
    left -= length
    whole++
  }
  const [first, ...others] = buffers.slice(whole)
  return first === undefined ? [] : [first.subarray(left), ...others]
}
