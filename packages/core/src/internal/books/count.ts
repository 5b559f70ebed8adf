/** How many entries something happened to, and between which places; of a few hundred parts also how many up to any place. */

/** The most parts that are told apart; beyond, it is only known between which places all of them are. */
const maxParts = 1024

export class Count {
  entries = 0
  firstAt: number
  lastAt: number
  /** First place, last place and entries of each part; undefined while there is one, and when there were too many. */
  #parts: number[] | undefined
  #isCoarse = false

  constructor(firstAt = Infinity, lastAt = -Infinity, entries = 0) {
    this.firstAt = firstAt
    this.lastAt = lastAt
    this.entries = entries
  }

  add(firstAt: number, lastAt: number, entries: number): void {
    if (this.entries > 0 && !this.#isCoarse) {
      this.#parts ??= [this.firstAt, this.lastAt, this.entries]
      this.#parts.push(firstAt, lastAt, entries)
      if (this.#parts.length > 3 * maxParts) this.#forgetParts()
    }
    this.entries += entries
    if (firstAt < this.firstAt) this.firstAt = firstAt
    if (lastAt > this.lastAt) this.lastAt = lastAt
  }

  /** Adds what lies before every place that will be asked for: no part needs to be told apart. */
  addPast(entries: number): void {
    this.entries += entries
    this.firstAt = -Infinity
  }

  /** Adds another one; its parts are no longer told apart. */
  merge(more: Count): void {
    if (more.entries === 0) return
    if (this.entries > 0) this.#forgetParts()
    this.entries += more.entries
    this.firstAt = Math.min(this.firstAt, more.firstAt)
    this.lastAt = Math.max(this.lastAt, more.lastAt)
  }

  #forgetParts(): void {
    this.#parts = undefined
    this.#isCoarse = true
  }

  /** How many surely lie before a place, and how many may, since they lie on both sides of it. */
  upTo(place: number): { readonly sure: number; readonly maybe: number } {
    let sure = 0
    let maybe = 0
    const parts = this.#parts ?? [this.firstAt, this.lastAt, this.entries]
    for (let part = 0; part < parts.length; part += 3) {
      if ((parts[part + 1] as number) <= place) sure += parts[part + 2] as number
      else if ((parts[part] as number) <= place) maybe += parts[part + 2] as number
    }
    return { sure, maybe }
  }
}
