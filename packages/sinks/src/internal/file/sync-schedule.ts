/** What is written and not yet on the disk for sure, and when that is to be mended. */

import type { Batch, LogEntry } from '@logwisp/core'
import { entrySize } from '@logwisp/core/entry-size'

/** How much may be written and not synced: its entries are in memory until they are acknowledged. */
const maxUnsyncedBytes = 16 << 20

/** Items that wait for a sync. It is due some time after the first of them, and when they are many. */
export class SyncSchedule {
  readonly #intervalMs: number
  readonly #onDue: () => void
  #items: (LogEntry | Batch)[] = []
  #bytes = 0
  #isDue = false
  #timer: NodeJS.Timeout | undefined

  constructor(intervalMs: number, onDue: () => void) {
    this.#intervalMs = intervalMs
    this.#onDue = onDue
  }

  get isDue(): boolean {
    return this.#isDue
  }

  add(items: readonly (LogEntry | Batch)[]): void {
    for (const item of items) {
      this.#items.push(item)
      this.#bytes += entrySize(item)
    }
    if (this.#bytes >= maxUnsyncedBytes) this.#isDue = true
    if (this.#items.length > 0) this.#timer ??= setTimeout(() => this.hurry(), this.#intervalMs)
  }

  /** Makes it due now, if anything waits. */
  hurry(): void {
    if (this.#items.length === 0) return
    this.#isDue = true
    this.#onDue()
  }

  /** The items, whose sync begins now. */
  take(): (LogEntry | Batch)[] {
    const items = this.#items
    this.#items = []
    this.#bytes = 0
    this.#isDue = false
    this.stop()
    return items
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
