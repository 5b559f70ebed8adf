/** A source of your own: an entry every so often. */

import { EntryReadable, type EntrySource } from '@logwisp/core'

class Ticker extends EntryReadable {
  readonly #everyMs: number
  #ticks = 0
  #timer: NodeJS.Timeout | undefined

  constructor(everyMs: number) {
    super()
    this.#everyMs = everyMs
  }

  // Asked for one more; answering later is fine, and nothing piles up when nobody asks.
  protected override pull(): void {
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

/** Gives an entry `tick 1`, `tick 2`, … every `everyMs` ms, until it is stopped. */
export function tickerSource(everyMs: number): EntrySource {
  return new Ticker(everyMs)
}
