/** The files that a follower read of late, to know them when they are met under another name. */

import type { FileIdentity } from './file-identity.ts'
import { type FileOnDisk, isSameFile } from './file-search.ts'

/** How many are remembered. */
const maxPastFiles = 16

interface PastFile {
  readonly file: FileOnDisk
  readonly identity: FileIdentity
  readonly offset: number
}

export class PastFiles {
  /** The newest last. */
  readonly #files: PastFile[] = []

  /** Notes how far a file was read that is read no more. */
  add(file: FileOnDisk, identity: FileIdentity, offset: number): void {
    this.#files.push({ file, identity, offset })
    if (this.#files.length > maxPastFiles) this.#files.shift()
  }

  /** How far this file was read; undefined when it was not, or long ago. */
  readUpTo(file: FileOnDisk): number | undefined {
    return this.#files.find((past) => isSameFile(past.file, file))?.offset
  }

  /** Whether a file that begins so is, or is a copy of, one of them. */
  hasRead(head: Buffer): boolean {
    return this.#files.some(({ identity }) => identity.fits(head))
  }
}
