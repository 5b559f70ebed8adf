/**
 * Shares the event loop between a pipeline and those who look at it: what the pipeline cannot be asked to wait for is
 * done in turns, and how long a turn may last is earned. Plain state; the time is told by who uses it, in ms.
 *
 * ```
 *   time   ──pipeline──|turn|──────pipeline──────|turn|──pipeline── … quiet …|──────turn──────|─
 *   credit            +      -                  +      -                     full
 * ```
 */

/** While entries come, this much is earned in each ms that passes outside of turns: the pipeline keeps three quarters. */
const earnedPerMs = 1 / 3

/** Nothing came for so long: there is nobody to leave time to. */
const quietAfterMs = 10

/** The longest turn: the time without a look at what else there is to do. */
const maxTurnMs = 20

export class TimeShare {
  #credit = maxTurnMs
  /** When `#credit` was settled last. */
  #settledAt = 0
  /** How long nothing came, turns not counted. */
  #quietMs = 0

  /** Something came for the pipeline. */
  came(now: number): void {
    this.#settle(now)
    this.#quietMs = 0
  }

  /** A turn begins; says when it must end. */
  begin(now: number): number {
    this.#settle(now)
    return now + this.#credit
  }

  /** The turn that began at `began` has ended; `laterMs` is what it made the system do afterwards. */
  end(began: number, now: number, laterMs: number): void {
    this.#settledAt = now
    this.#credit -= now - began + laterMs
  }

  /** How long to wait before the next turn; 0: it may come at once. */
  get pauseMs(): number {
    return this.#credit > 0 || this.#quiet ? 0 : -this.#credit / earnedPerMs
  }

  get #quiet(): boolean {
    return this.#quietMs >= quietAfterMs
  }

  #settle(now: number): void {
    const elapsed = now - this.#settledAt
    this.#settledAt = now
    this.#quietMs += elapsed
    this.#credit = this.#quiet ? maxTurnMs : Math.min(this.#credit + elapsed * earnedPerMs, maxTurnMs)
  }
}
