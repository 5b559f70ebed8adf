/**
 * Who waits for which acknowledgement: a source gives what came over several connections in one sequence, and an
 * acknowledgement of that sequence says how many lines of each connection are delivered.
 *
 * ```
 *   given     a a a | b b | a a | b        marks: 3 → a:3   5 → b:2   7 → a:5   8 → b:3
 *   acknowledged up to 7                   a has 5 of its lines delivered, b has 2
 * ```
 */

interface Mark<Waiter> {
  readonly sequence: number
  readonly waiter: Waiter
  readonly lines: number
}

/** Beyond this many marks that are over, the array is made shorter: a shift for each would move all of them. */
const compactAt = 1024

export class DeliveryMarks<Waiter> {
  #marks: Mark<Waiter>[] = []
  #first = 0

  /** How many are waited for. */
  get size(): number {
    return this.#marks.length - this.#first
  }

  /** Once everything up to `sequence`, which never shrinks, is acknowledged, the first `lines` of the waiter are delivered. */
  add(sequence: number, waiter: Waiter, lines: number): void {
    this.#marks.push({ sequence, waiter, lines })
  }

  /** Everything up to `sequence` is acknowledged: tells each mark that this is true of, in order. */
  advance(sequence: number, deliver: (waiter: Waiter, lines: number) => void): void {
    const marks = this.#marks
    let first = this.#first
    for (let mark = marks[first]; mark !== undefined && mark.sequence <= sequence; mark = marks[first]) {
      deliver(mark.waiter, mark.lines)
      first++
    }
    this.#first = first
    if (first === marks.length) {
      this.#marks = []
      this.#first = 0
    } else if (first >= compactAt && 2 * first >= marks.length) {
      this.#marks = marks.slice(first)
      this.#first = 0
    }
  }

  /** Forgets those of waiters that are not there any more. */
  sweep(isThere: (waiter: Waiter) => boolean): void {
    this.#marks = this.#marks.slice(this.#first).filter(({ waiter }) => isThere(waiter))
    this.#first = 0
  }
}
