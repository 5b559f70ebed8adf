/** A token bucket as a handful of numbers: there may be tens of thousands of them, one for each address. */

import type { TokenBucket } from '../token-bucket.ts'

/** Works out what came back when it is asked. */
export class LazyBucket implements TokenBucket {
  readonly #ratePerMs: number
  readonly #burst: number
  readonly #now: () => number
  #tokens: number
  #refilledAt: number

  constructor(ratePerSecond: number, burst: number, now: () => number) {
    this.#ratePerMs = ratePerSecond / 1000
    this.#burst = burst
    this.#now = now
    this.#tokens = burst
    this.#refilledAt = now()
  }

  get tokens(): number {
    const now = this.#now
    const at = now()
    if (at > this.#refilledAt) {
      this.#tokens = Math.min(this.#burst, this.#tokens + (at - this.#refilledAt) * this.#ratePerMs)
    }
    this.#refilledAt = at
    return this.#tokens
  }

  take(wanted: number): boolean {
    if (this.tokens < wanted) return false
    this.#tokens -= wanted
    return true
  }

  takeUpTo(wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, Math.floor(this.tokens)))
    this.#tokens -= taken
    return taken
  }

  overdraw(wanted: number): void {
    this.#tokens = this.tokens - wanted
  }

  waitMs(wanted: number): number {
    if (wanted > this.#burst) return Infinity
    return Math.max(0, (wanted - this.tokens) / this.#ratePerMs)
  }
}
