/** `rateLimit`: lets no more entries pass in a second than it is told to, by waiting or by dropping. */

import {
  type Batch,
  checkArgument,
  checkOptions,
  type EntryFilter,
  EntryTransform,
  isBatch,
  type LogEntry,
  type OptionRule,
  option,
  type TokenBucket,
  tokenBucket,
} from '@logwisp/core'

/** How much {@link rateLimit} lets pass, and what it does with more. */
export interface RateLimitOptions {
  /** How many entries pass in a second, over time: a number above 0, or `Infinity` for all. */
  readonly ratePerSecond: number
  /**
   * How many entries may pass at once after a quiet time: a number of at least 1.
   * A timer takes 1 ms or more: with `wait` and a burst below `ratePerSecond / 1000`, the rate is not reached.
   * @default the greater of `ratePerSecond` and 1
   */
  readonly burst?: number | undefined
  /**
   * What becomes of entries beyond the rate. `wait`: they wait, and so does whatever gives them. `drop`: they are
   * dropped under the reason `rate-limited`.
   * @default 'wait'
   */
  readonly whenLimited?: 'wait' | 'drop' | undefined
  /**
   * The clock, in ms from any fixed moment. It may go backwards.
   * @default performance.now
   */
  readonly now?: (() => number) | undefined
}

const rules = {
  ratePerSecond: option.number({ above: 0, orInfinity: true }),
  burst: option.number({ min: 1, orInfinity: true }),
  whenLimited: option.oneOf('wait', 'drop'),
  now: option.function,
} satisfies Record<keyof RateLimitOptions, OptionRule>

/** The longest time that a timer of Node takes; beyond it, it would fire at once. */
const maxTimerMs = 2 ** 31 - 1

/** What may pass does at once, in the order it came; the rest of a batch waits or is dropped. */
class RateLimit extends EntryTransform {
  readonly #bucket: TokenBucket
  readonly #drops: boolean
  /** Ends the wait that is under way. */
  #wake: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor({ ratePerSecond, burst, now, whenLimited }: RateLimitOptions) {
    super()
    this.#bucket = tokenBucket({ ratePerSecond, burst, now })
    this.#drops = whenLimited === 'drop'
  }

  protected override handle(item: LogEntry | Batch): void | Promise<void> {
    const count = isBatch(item) ? item.count : 1
    const allowed = this.#bucket.takeUpTo(count)
    if (allowed === count) this.give(item)
    else if (this.#drops) this.#giveFirst(item, allowed)
    else return this.#giveAsAllowed(item, allowed)
  }

  /** The first `allowed` entries; the others are dropped. */
  #giveFirst(item: LogEntry | Batch, allowed: number): void {
    if (!isBatch(item)) return this.discard('rate-limited', 1)
    let left = allowed
    const kept = item.select(() => left-- > 0)
    this.discard('rate-limited', item.count - kept.count, kept)
    this.give(kept)
  }

  /** All of it, part by part: `allowed` entries now, the rest as tokens come back. */
  async #giveAsAllowed(item: LogEntry | Batch, allowed: number): Promise<void> {
    let rest = item
    let now = allowed
    for (;;) {
      const count = isBatch(rest) ? rest.count : 1
      if (now === count) return this.give(rest)
      if (isBatch(rest) && now > 0) {
        const [head, tail] = rest.split(now)
        this.give(head)
        rest = tail
      }
      await this.#wait()
      if (this.destroyed) return
      now = this.#bucket.takeUpTo(isBatch(rest) ? rest.count : 1)
    }
  }

  /** Until there is a token, or the stream is destroyed. It keeps the process alive: an entry is in hand. */
  #wait(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#timer = setTimeout(resolve, Math.min(Math.ceil(this.#bucket.waitMs(1)), maxTimerMs))
    })
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#wake?.()
    super._destroy(error, callback)
  }
}

/**
 * Lets no more entries pass than `burst` at once and `ratePerSecond` over time. Order is kept.
 *
 * Put it behind the filters that drop, so that only what is wanted counts.
 *
 * @throws OptionError `BAD_OPTION`.
 * @example
 * ```ts
 * import { rateLimit } from '@logwisp/filters'
 *
 * const steady = rateLimit({ ratePerSecond: 500 })
 * const sampled = rateLimit({ ratePerSecond: 100, burst: 1000, whenLimited: 'drop' })
 * ```
 */
export function rateLimit(options: RateLimitOptions): EntryFilter {
  checkOptions('rateLimit', options, rules)
  checkArgument('rateLimit', 'ratePerSecond', options?.ratePerSecond, rules.ratePerSecond)
  return new RateLimit(options)
}
