/** Counts per second, minute and hour, and level: added to, or taken from, once for a whole transaction. */

import type Database from 'better-sqlite3'

/** The lengths that are counted by. Unit: ms. */
export const countUnits = [1_000, 60_000, 3_600_000] as const

/** Levels, none included, fit into so many. */
const levels = 8

export class LevelCounts {
  readonly #add: Database.Statement
  readonly #removeEmpty: Database.Statement
  /** By the number of the second, times 8, plus the level. */
  readonly #bySecond = new Map<number, number>()
  #lastKey = Number.NaN
  #lastCount = 0

  constructor(database: Database.Database) {
    this.#add = database.prepare(
      'INSERT INTO counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET entries = entries + excluded.entries',
    )
    this.#removeEmpty = database.prepare(
      'DELETE FROM counts WHERE unit = ? AND time = ? AND level = ? AND entries <= 0',
    )
  }

  /** One more, or, with -1, one less. */
  add(time: number, level: number, count = 1): void {
    const key = Math.floor(time / 1000) * levels + level
    // Neighbours mostly fall into the same second.
    if (key === this.#lastKey) {
      this.#lastCount += count
      return
    }
    this.#keepLast()
    this.#lastKey = key
    this.#lastCount = count
  }

  /** Within the transaction. */
  write(): void {
    this.#keepLast()
    for (const unit of countUnits) {
      const sums = new Map<number, number>()
      for (const [key, count] of this.#bySecond) {
        const level = ((key % levels) + levels) % levels
        const time = Math.floor((((key - level) / levels) * 1000) / unit)
        const sumKey = time * levels + level
        sums.set(sumKey, (sums.get(sumKey) ?? 0) + count)
      }
      for (const [key, count] of sums) {
        const level = ((key % levels) + levels) % levels
        const time = ((key - level) / levels) * unit
        this.#add.run(unit, time, level, count)
        if (count < 0) this.#removeEmpty.run(unit, time, level)
      }
    }
    this.#bySecond.clear()
  }

  forget(): void {
    this.#bySecond.clear()
    this.#lastKey = Number.NaN
    this.#lastCount = 0
  }

  #keepLast(): void {
    if (this.#lastCount !== 0)
      this.#bySecond.set(this.#lastKey, (this.#bySecond.get(this.#lastKey) ?? 0) + this.#lastCount)
    this.#lastCount = 0
    this.#lastKey = Number.NaN
  }
}
