/** The readers of rotated files, kept open a while for what a writer that has not noticed still writes to them. */

import type { FileReader } from './file-reader.ts'
import { type FileOnDisk, isSameFile } from './file-search.ts'

/** How many stay open at a time. */
const maxLateReaders = 4

export class LateReaders {
  readonly #delayMs: number
  /** The oldest first, each with the time until which it stays. */
  readonly #untilMs = new Map<FileReader, number>()

  /** `delayMs`: how long each stays. */
  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  /** How many there are. */
  get size(): number {
    return this.#untilMs.size
  }

  /** The readers, the oldest file's first. Stays as it is when some are added or deleted. */
  get readers(): FileReader[] {
    return [...this.#untilMs.keys()]
  }

  /** Takes one more. Returns the oldest when it has to end for it. */
  add(reader: FileReader): FileReader | undefined {
    this.#untilMs.set(reader, Date.now() + this.#delayMs)
    return this.size > maxLateReaders ? this.readers[0] : undefined
  }

  delete(reader: FileReader): void {
    this.#untilMs.delete(reader)
  }

  has(reader: FileReader): boolean {
    return this.#untilMs.has(reader)
  }

  /** Whether it was waited long enough for something to come late to this one. */
  isOver(reader: FileReader): boolean {
    return Date.now() >= (this.#untilMs.get(reader) ?? 0)
  }

  /** Whether one of them reads this file. */
  reads(file: FileOnDisk): boolean {
    return this.readers.some(({ stat }) => isSameFile(stat, file))
  }
}
