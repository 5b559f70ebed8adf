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
