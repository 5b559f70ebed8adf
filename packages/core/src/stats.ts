/** The books of a stage: what came in is what went out, plus what was dropped, plus what is held. */

/**
 * A stage's books at one moment; frozen, and made anew at each look.
 *
 * `entriesIn = entriesOut + entriesDropped + entriesHeld` holds at any moment, for every stage of LogWisp.
 */
export interface StageStats {
  /** Entries taken: read by a source, written to a filter or a sink. */
  readonly entriesIn: number
  /** Entries given: handed to the next stage, or, by a sink, safely put where they belong. */
  readonly entriesOut: number
  /** Entries dropped, whatever the reason: filtered out, over a limit, the buffer full. */
  readonly entriesDropped: number
  /** Entries dropped, by reason. A reason that never happened is absent. */
  readonly dropped: Readonly<Record<string, number>>
  /** Entries taken and neither given nor dropped yet. */
  readonly entriesHeld: number
}

/**
 * Counts for a stage. `held` is what the stage itself says it holds, not a difference, so that a test can
 * prove that the books balance.
 */
export class Ledger {
  #in = 0
  #out = 0
  #dropped = 0
  readonly #reasons = new Map<string, number>()

  /** Counts entries taken. */
  took(entries: number): void {
    this.#in += entries
  }

  /** Counts entries given. */
  gave(entries: number): void {
    this.#out += entries
  }

  /** Counts entries dropped for a reason: a word or two in lower case with hyphens, e.g. `rate-limited`. */
  dropped(reason: string, entries: number): void {
    if (entries === 0) return
    this.#dropped += entries
    this.#reasons.set(reason, (this.#reasons.get(reason) ?? 0) + entries)
  }

  /** The frozen snapshot, with whatever else the stage counts. */
  snapshot<More extends object = object>(held: number, more?: More): StageStats & Readonly<More> {
    return Object.freeze({
      entriesIn: this.#in,
      entriesOut: this.#out,
      entriesDropped: this.#dropped,
      dropped: Object.freeze(Object.fromEntries(this.#reasons)),
      entriesHeld: held,
      ...(more as More),
    })
  }
}
