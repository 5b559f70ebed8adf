/**
 * Files that match but are not followed, as they look like rotated ones, or are read under another name already. Most
 * are never written to again. One that still grows, though nobody reads it, was taken for something that it is not
 * (`app-1.log` is a log of its own beside `app.log`): it is to be followed.
 */

import type { BigIntStats } from 'node:fs'

/** What the followers know of a file. */
export interface KnownFiles {
  /** Whether a follower reads this file now. */
  reads(stat: BigIntStats): boolean
  /** How far a follower has read this file, before it went on to another. */
  readUpTo(stat: BigIntStats): number | undefined
  /** Whether a follower has read a file that begins as the one at this path. Also for compressed ones. */
  isCopy(path: string): Promise<boolean>
}

interface Bystander {
  stat: BigIntStats
  sinceMs: number
  /** Where it would have to be read from, if nobody knows more of it. */
  from: number
}

export class Bystanders {
  readonly #files = new Map<string, Bystander>()
  /** For how long writers may still write to a file that was rotated, in ms. */
  readonly settleMs: number

  constructor(settleMs: number) {
    this.settleMs = settleMs
  }

  has(path: string): boolean {
    return this.#files.has(path)
  }

  paths(): string[] {
    return [...this.#files.keys()]
  }

  delete(path: string): void {
    this.#files.delete(path)
  }

  /** Takes note of a file that is not followed; `from` is where its lines begin that are wanted. */
  add(path: string, stat: BigIntStats, from: number): void {
    this.#files.set(path, { stat, from, sinceMs: Date.now() })
  }

  /** Looks at a file as it is now; where to follow it from, if it is to be. */
  async look(path: string, stat: BigIntStats, known: KnownFiles): Promise<number | undefined> {
    const file = this.#files.get(path) as Bystander
    if (file.stat.ino !== stat.ino || file.stat.dev !== stat.dev || known.reads(stat)) {
      // Another one under this name, as the next rotation makes it; or one that is in good hands.
      this.add(path, stat, 0)
      return undefined
    }
    const readUpTo = known.readUpTo(stat)
    const grew = stat.size > (readUpTo === undefined ? file.stat.size : BigInt(readUpTo))
    if (!grew || Date.now() - file.sinceMs < this.settleMs) return undefined
    if (readUpTo !== undefined) return readUpTo
    // A copy or a compressed file that is being written.
    if (await known.isCopy(path)) {
      file.stat = stat
      return undefined
    }
    return file.from
  }
}
