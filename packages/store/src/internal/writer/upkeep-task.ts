/** Work beside the storing of entries, done in small steps between transactions. */

export interface UpkeepTask {
  /**
   * Whether there is something to do. `'now'`: also while entries wait, one step after each transaction. `'idle'`: when
   * none wait. A number: nothing yet, look again after so many ms.
   */
  need(now: number): 'now' | 'idle' | number | undefined
  /** One step: a few ms, and a transaction of its own. What it throws is tried again later, if that may help. */
  step(): void
}

/** How long a step should take, so that an entry never waits for long. Unit: ms. */
export const stepMs = 8

/** How many things fit into a step, by how long the last ones took. */
export class StepSize {
  readonly #min: number
  readonly #max: number
  #size: number

  constructor(min: number, max: number) {
    this.#min = min
    this.#max = max
    this.#size = min
  }

  get size(): number {
    return this.#size
  }

  /** So many things took so many ms. */
  took(things: number, ms: number): void {
    if (things === 0) return
    const wanted = (things / Math.max(ms, 0.1)) * stepMs
    // Slow to grow, quick to shrink: a step that takes too long is seen by who waits.
    const next = wanted > this.#size ? Math.min(wanted, this.#size * 1.5 + 1) : wanted
    this.#size = Math.max(this.#min, Math.min(this.#max, Math.floor(next)))
  }
}
