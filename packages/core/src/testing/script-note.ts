/** What the sources and sinks of a script write down. */

import type { Batch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { entriesIn } from './sample-lines.ts'

/** Something that happened, and when. */
export interface ScriptNote<What extends string = string> {
  /** ms of the clock since the script was made. */
  readonly atMs: number
  readonly what: What
  /** The entries that it happened to. */
  readonly messages?: readonly string[]
}

/** Writes notes down. */
export class ScriptLog<What extends string> {
  readonly all: ScriptNote<What>[] = []
  /** The messages of the last note. */
  #messages: string[] = []
  readonly #startedAt = performance.now()

  /** Time since the script was made. */
  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  add(what: What): void {
    this.all.push({ atMs: this.elapsedMs, what })
  }

  /** What happens to several entries at one moment is one note. */
  addEntries(what: What, items: readonly (LogEntry | Batch)[]): void {
    const messages = entriesIn(items).map(({ message }) => message)
    if (messages.length === 0) return
    const last = this.all.at(-1)
    const atMs = this.elapsedMs
    if (last?.what !== what || last.atMs !== atMs) {
      this.#messages = []
      this.all.push({ atMs, what, messages: this.#messages })
    }
    this.#messages.push(...messages)
  }
}
