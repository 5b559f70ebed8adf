/** Gives pages that are free back to the file system, when they are many. */

import type Database from 'better-sqlite3'
import { StepSize, type UpkeepTask } from './upkeep-task.ts'

/** Fewer are used again soon enough. */
const minFreePages = 4_096
const minFreeShare = 1 / 4

export class FreePages implements UpkeepTask {
  readonly #database: Database.Database
  readonly #maxBytes: number
  readonly #pageBytes: number
  readonly #size = new StepSize(16, 8_192)

  /** @param maxBytes what the file may take of the disk. */
  constructor(database: Database.Database, maxBytes: number) {
    this.#database = database
    this.#maxBytes = maxBytes
    this.#pageBytes = database.pragma('page_size', { simple: true }) as number
  }

  need(): 'now' | 'idle' | undefined {
    const free = this.#database.pragma('freelist_count', { simple: true }) as number
    if (free === 0) return undefined
    const pages = this.#database.pragma('page_count', { simple: true }) as number
    if (pages * this.#pageBytes > this.#maxBytes) return 'now'
    return free > minFreePages && free > pages * minFreeShare ? 'idle' : undefined
  }

  step(): void {
    const pages = this.#size.size
    const begun = performance.now()
    this.#database.exec(`PRAGMA incremental_vacuum(${pages})`)
    this.#size.took(pages, performance.now() - begun)
  }
}
