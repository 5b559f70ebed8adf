/** The stream of entries that no endpoint takes. */

import { EntryReadable, type LogEntry } from '@logwisp/core'

export class DeadLetters extends EntryReadable {
  #isWanted = false
  #isOver = false
  readonly #waiting: (() => void)[] = []

  /**
   * Gives an entry to whoever reads, and waits for as long as nobody has room for it. False: there will be no reader
   * any more, the entry was not given.
   */
  async offer(entry: LogEntry): Promise<boolean> {
    while (!this.#isWanted && !this.#isOver) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#isOver) return false
    this.took(1)
    this.#isWanted = this.give(entry)
    return true
  }

  override stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.finish()
    this.#wake()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#isOver = true
    this.#wake()
    callback(error)
  }

  protected override pull(): void {
    this.#isWanted = true
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
