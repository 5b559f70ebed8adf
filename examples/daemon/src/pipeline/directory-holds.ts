/** Who has a directory in this process: a buffer that is made waits for the one that leaves. */

import type { BuiltBuffer } from '../build/buffer.ts'

/** What leaves may take so long; then the next one tries, and says who has it. */
const freeTimeoutMs = 15_000

export class DirectoryHolds {
  readonly #holders = new Map<string, Promise<void>>()

  /** Resolves once nobody of this process has the directory, or nobody wants to let it go. */
  async free(directory: string): Promise<void> {
    const holder = this.#holders.get(directory)
    if (holder === undefined) return
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, freeTimeoutMs)
    })
    await Promise.race([holder, late])
    clearTimeout(timer)
  }

  /** A buffer has it until it has closed. */
  add(directory: string, buffer: BuiltBuffer): void {
    const closed = new Promise<void>((resolve) => void buffer.once('close', resolve)).then(() => {
      if (this.#holders.get(directory) === closed) this.#holders.delete(directory)
    })
    this.#holders.set(directory, closed)
  }
}
