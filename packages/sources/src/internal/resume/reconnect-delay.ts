/** How long to wait before connecting again. Plain state, no timers. */

import { fullJitterMs } from '@logwisp/core/full-jitter'

/** How {@link ReconnectDelay} counts. */
export interface ReconnectDelayOptions {
  /** What the first wait is drawn from, in ms; it doubles with each failure. */
  readonly baseMs: number
  /** The longest wait of our own making, in ms. */
  readonly maxMs: number
  /** The longest wait that a server may ask for, in ms. */
  readonly maxAskedMs: number
}

/** Counts the failures in a row, and knows what the server wishes for. */
export class ReconnectDelay {
  readonly #options: ReconnectDelayOptions
  readonly #random: () => number
  #baseMs: number
  #failures = 0

  constructor(options: ReconnectDelayOptions, random: () => number = Math.random) {
    this.#options = options
    this.#random = random
    this.#baseMs = options.baseMs
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures
  }

  /** What the first wait is drawn from, in ms. */
  get baseMs(): number {
    return this.#baseMs
  }

  /** The server's wish for the first wait; kept from then on, within bounds. */
  askFor(baseMs: number): void {
    this.#baseMs = Math.min(Math.max(baseMs, 1), this.#options.maxMs)
  }

  /** A connection was good. */
  succeeded(): void {
    this.#failures = 0
  }

  /** A connection failed, or was too short to count as good: the wait in ms, at least what the server asked for now. */
  failed(askedMs = 0): number {
    const { maxMs, maxAskedMs } = this.#options
    return Math.min(askedMs, maxAskedMs) + fullJitterMs(this.#failures++, this.#baseMs, maxMs, this.#random)
  }
}
