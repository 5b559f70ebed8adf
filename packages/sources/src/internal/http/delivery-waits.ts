/** Those who wait until a place in what a source gave is acknowledged. */

interface Wait {
  readonly sequence: number
  readonly settle: (isDelivered: boolean) => void
}

export class DeliveryWaits {
  readonly #waits = new Set<Wait>()
  #acknowledged = 0
  /** The smallest place that is waited for, so that most acknowledgements are one comparison. */
  #nearest = Infinity

  /** How many wait. */
  get waiting(): number {
    return this.#waits.size
  }

  /** Everything up to this place is safe. */
  acknowledge(sequence: number): void {
    this.#acknowledged = sequence
    if (sequence < this.#nearest) return
    for (const wait of this.#waits) if (wait.sequence <= sequence) wait.settle(true)
    this.#findNearest()
  }

  /** Resolves to true once `sequence` is acknowledged, to false after `timeoutMs` or when {@link giveUp} was called. */
  wait(sequence: number, timeoutMs: number): Promise<boolean> {
    if (sequence <= this.#acknowledged) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = timeoutMs === Infinity ? undefined : setTimeout(() => wait.settle(false), timeoutMs).unref()
      const wait: Wait = {
        sequence,
        settle: (isDelivered) => {
          clearTimeout(timer)
          this.#waits.delete(wait)
          resolve(isDelivered)
        },
      }
      this.#waits.add(wait)
      if (sequence < this.#nearest) this.#nearest = sequence
    })
  }

  /** Nothing more will be acknowledged. */
  giveUp(): void {
    for (const wait of this.#waits) wait.settle(false)
    this.#nearest = Infinity
  }

  #findNearest(): void {
    this.#nearest = Infinity
    for (const { sequence } of this.#waits) if (sequence < this.#nearest) this.#nearest = sequence
  }
}
