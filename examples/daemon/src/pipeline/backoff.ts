/** The pauses between attempts to make something anew that fails. */

import { fullJitterMs } from '@logwisp/core'

const minDelayMs = 500

export class Backoff {
  readonly #maxDelayMs: number
  #failures = 0
  #endsAt = -Infinity
  #timer: NodeJS.Timeout | undefined

  constructor(maxDelayMs: number) {
    this.#maxDelayMs = maxDelayMs
  }

  /** Calls `again` after a pause that doubles with each failure, drawn at random up to that; says how long it is, in ms. */
  wait(again: () => void): number {
    // What went well for so long has got over its failures.
    if (performance.now() - this.#endsAt > this.#maxDelayMs) this.#failures = 0
    const delayMs = fullJitterMs(this.#failures++, Math.min(minDelayMs, this.#maxDelayMs), this.#maxDelayMs)
    this.#endsAt = performance.now() + delayMs
    clearTimeout(this.#timer)
    this.#timer = setTimeout(again, delayMs)
    return delayMs
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }
}
