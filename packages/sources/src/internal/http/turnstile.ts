/** Lets those who have something for the pipeline through one at a time, in order, while it wants more. */

/** What somebody has for the pipeline. */
export interface Parcel {
  /** Gives for as long as the pipeline wants more; false when it does not any more. */
  give(): boolean
  /** Whether something of it was given. */
  readonly isBegun: boolean
  /** Whether all of it was given. */
  readonly isGiven: boolean
}

interface Waiting {
  readonly parcel: Parcel
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** What {@link Turnstile.pass} has others wait on. */
export interface Turn {
  /** Settles once all was given; rejects when the turnstile was closed for good. */
  readonly passed: Promise<void>
  /** Leaves the line. False: something was given already. */
  leave(): boolean
}

/** Whoever waits holds what it has, and reads nothing more. */
export class Turnstile {
  readonly #line: Waiting[] = []
  #isWanted = false
  #isGiving = false
  #fullSinceMs: number
  #closed: Error | undefined

  constructor(nowMs: number) {
    this.#fullSinceMs = nowMs
  }

  /** For how long nothing was wanted; 0 while something is. */
  fullForMs(nowMs: number): number {
    return this.#isWanted ? 0 : nowMs - this.#fullSinceMs
  }

  /** Gives at once when it may, and returns undefined when that was all; else the turn to wait for. */
  pass(parcel: Parcel): Turn | undefined {
    if (this.#closed === undefined && this.#line.length === 0 && this.#isWanted && !this.#isGiving) {
      this.#give(parcel)
      if (parcel.isGiven) return undefined
    }
    const line = this.#line
    const passed = new Promise<void>((resolve, reject) => {
      if (this.#closed === undefined) line.push({ parcel, resolve, reject })
      else reject(this.#closed)
    })
    return {
      passed,
      leave: () => {
        const place = parcel.isBegun ? -1 : line.findIndex((waiting) => waiting.parcel === parcel)
        if (place !== -1) line.splice(place, 1)
        return place !== -1
      },
    }
  }

  /** The pipeline wants more: the line moves on, for as long as it does. */
  want(): void {
    this.#isWanted = true
    while (this.#isWanted && !this.#isGiving) {
      const waiting = this.#line[0]
      if (waiting === undefined) return
      this.#give(waiting.parcel)
      if (!waiting.parcel.isGiven) continue
      this.#line.shift()
      waiting.resolve()
    }
  }

  /** Nothing will be wanted ever again: whoever waits, or comes, is turned away with this. */
  close(error: Error): void {
    this.#closed ??= error
    for (const { reject } of this.#line.splice(0)) reject(error)
  }

  #give(parcel: Parcel): void {
    this.#isGiving = true
    this.#isWanted = false
    try {
      // Giving may make the pipeline ask for more before it returns: that counts too.
      if (parcel.give()) this.#isWanted = true
    } finally {
      this.#isGiving = false
    }
    if (!this.#isWanted) this.#fullSinceMs = performance.now()
  }
}
