/** A source of your own: an entry every so often. */

import { EntryReadable, type EntrySource } from '@logwisp/core'

class Ticker extends EntryReadable {
  readonly #everyMs: number
  readonly #maxTicks: number
  #ticks = 0
  #timer: NodeJS.Timeout | undefined

  constructor(everyMs: number, maxTicks: number) {
    super()
    this.#everyMs = everyMs
    this.#maxTicks = maxTicks
  }

  // Asked for one more; answering later is fine, and nothing piles up when nobody asks.
  protected override pull(): void {
    if (this.#ticks === this.#maxTicks) return this.finish()
    this.#timer = setTimeout(() => {
      this.took(1)
      this.give({ time: Date.now(), source: 'ticker', level: 'info', message: `tick ${++this.#ticks}` })
    }, this.#everyMs)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    callback(error)
  }
}

/** Gives an entry `tick 1`, `tick 2`, … every `everyMs` ms, so many of them or until it is stopped. */
export function tickerSource(everyMs: number, maxTicks: number = Infinity): EntrySource {
  return new Ticker(everyMs, maxTicks)
}
