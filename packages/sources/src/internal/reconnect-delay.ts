/** How long to wait before connecting again. Plain state, no timers. */

/** How {@link ReconnectDelay} counts. */
export interface ReconnectDelayOptions {
  /** What the first wait is drawn from, in ms; it doubles with each failure. */
  readonly baseMs: number
  /** The longest wait of our own making, in ms. */
  readonly maxMs: number
  /** The longest wait that a server may ask for, in ms. */
  readonly maxAskedMs: number
}

/**
 * Full jitter: a wait is drawn evenly from zero to the ceiling, which doubles with each failure. Many clients of a server
 * that comes back are spread over the whole time then, and do not come together again and again.
 */
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
    const ceiling = Math.min(this.#options.maxMs, this.#baseMs * 2 ** Math.min(this.#failures, 32))
    this.#failures++
    return Math.min(askedMs, this.#options.maxAskedMs) + Math.round(this.#random() * ceiling)
  }
}

/** Node's timers hold no more. */
const maxTimerMs = 2 ** 31 - 1

/** What a `Retry-After` header asks for, in ms from `now`: it has seconds, or a date. 0 when it says nothing usable. */
export function retryAfterMs(header: string | undefined, now: number): number {
  if (header === undefined) return 0
  const text = header.trim()
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, maxTimerMs)
  const at = Date.parse(text)
  return Number.isNaN(at) ? 0 : Math.min(Math.max(0, at - now), maxTimerMs)
}
