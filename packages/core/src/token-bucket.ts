/** The token bucket: says how much may pass now, and how long to wait for more. Pure; the clock is given to it. */

import { LazyBucket } from './internal/lazy-bucket.ts'
import { checkArgument, checkOptions, type OptionRule, option } from './options.ts'

const rules = {
  ratePerSecond: option.number({ above: 0, orInfinity: true }),
  burst: option.number({ min: 1, orInfinity: true }),
  now: option.function,
} satisfies Record<keyof TokenBucketOptions, OptionRule>

/** What a {@link tokenBucket} is made of. */
export interface TokenBucketOptions {
  /** How many tokens come back in a second: a number above 0, or `Infinity` for no bound. */
  readonly ratePerSecond: number
  /**
   * How many tokens the bucket holds at most; it starts full. A number of at least 1.
   * @default the greater of `ratePerSecond` and 1
   */
  readonly burst?: number | undefined
  /**
   * The clock, in ms from any fixed moment.
   * @default performance.now
   */
  readonly now?: (() => number) | undefined
}

/** A bound on how much passes: never more than `burst` at once, nor more than `ratePerSecond` over time. */
export interface TokenBucket {
  /** How many tokens there are now, with fractions; below 0 after {@link overdraw}. */
  readonly tokens: number
  /** Takes this many tokens, or none when there are fewer. Whether it took them. */
  take(tokens: number): boolean
  /** Takes as many whole tokens as there are, at most this many. How many it took. */
  takeUpTo(tokens: number): number
  /**
   * Takes this many even when there are fewer, for what has happened already: what is missing comes back first.
   * `waitMs(0)` is how long that takes.
   */
  overdraw(tokens: number): void
  /** How many ms until {@link take} of this many can succeed: 0 for now, `Infinity` when they exceed the burst. */
  waitMs(tokens: number): number
}

/**
 * A token bucket that refills lazily: it has no timer, and works out what came back when it is asked.
 *
 * Over any stretch of the clock it gives at most `burst + ratePerSecond × seconds` tokens. A clock that goes backwards
 * adds nothing and takes nothing; refilling goes on from where the clock now is.
 *
 * @throws OptionError `BAD_OPTION`.
 * @example
 * ```ts
 * import { tokenBucket } from '@logwisp/core'
 *
 * const bucket = tokenBucket({ ratePerSecond: 100, burst: 10 })
 * const allowed = bucket.take(1)
 * ```
 */
export function tokenBucket(options: TokenBucketOptions): TokenBucket {
  checkOptions('tokenBucket', options, rules)
  checkArgument('tokenBucket', 'ratePerSecond', options?.ratePerSecond, rules.ratePerSecond)
  const { ratePerSecond, burst = Math.max(1, ratePerSecond), now = () => performance.now() } = options
  if (ratePerSecond === Infinity || burst === Infinity) return unbounded
  return new LazyBucket(ratePerSecond, burst, now)
}

/** No bound: as if there were always enough. */
const unbounded: TokenBucket = Object.freeze({
  tokens: Infinity,
  take: () => true,
  takeUpTo: (wanted: number) => wanted,
  overdraw: () => {},
  waitMs: () => 0,
})
