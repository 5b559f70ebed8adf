/** Space on the disk: how much may still be written, and the wait for more. */

import { LogwispError } from '@logwisp/core'
import { type FileSystem, isOutOfSpace } from './file-system.ts'

/** What the wait is for. */
export interface DiskSpaceOptions {
  readonly directory: string
  readonly minFreeBytes: number
  readonly retryDelayMs: number
  /** Told of `DISK_FULL`, once for each time that the disk gets full. */
  readonly warn: (warning: LogwispError) => void
}

export class DiskSpace {
  readonly #fs: FileSystem
  readonly #options: DiskSpaceOptions
  #allowedBytes = 0
  #isWaiting = false
  #isOver = false
  #endWait: (() => void) | undefined

  constructor(fs: FileSystem, options: DiskSpaceOptions) {
    this.#fs = fs
    this.#options = options
  }

  /** Whether the disk was full at the last try. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** What other programs wrote since may have taken the space: it is asked for again. */
  forget(): void {
    this.#allowedBytes = 0
  }

  /** Makes sure that writing this much leaves `minFreeBytes`; the disk is asked when what it last said is used up. */
  async claim(bytes: number): Promise<void> {
    const { directory, minFreeBytes } = this.#options
    if (minFreeBytes === 0) return
    if (this.#allowedBytes < bytes) {
      const { bavail, bsize } = await this.#fs.statfs(directory)
      this.#allowedBytes = bavail * bsize - minFreeBytes
      if (this.#allowedBytes < bytes) {
        const message = `${bavail * bsize} bytes are free, and minFreeBytes is ${minFreeBytes}`
        throw Object.assign(new Error(message), { code: 'ENOSPC' })
      }
    }
    this.#allowedBytes -= bytes
  }

  /** Something was written: the disk is not full. */
  found(): void {
    this.#isWaiting = false
  }

  /** Whether an error passes once there is space; tells of it when the wait begins. */
  isMissing(error: unknown): boolean {
    if (!isOutOfSpace(error)) return false
    if (!this.#isWaiting) {
      this.#isWaiting = true
      const { directory, warn } = this.#options
      const message = `no space in ${directory} (${(error as Error).message}): free some; nothing is lost, the sink waits`
      warn(new LogwispError('DISK_FULL', message, { cause: error }))
    }
    return true
  }

  /** Waits for a while. Keeps the program alive: there is something left to write. */
  async wait(): Promise<void> {
    if (this.#isOver) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.retryDelayMs)
      this.#endWait = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** Ends the wait for good. */
  giveUp(): void {
    this.#isOver = true
    this.#endWait?.()
  }
}
