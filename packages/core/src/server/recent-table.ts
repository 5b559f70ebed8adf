/** A map with a bound: what was not used for longest is forgotten first. */

/**
 * Two generations: what is used goes to the young one; when that is half of what may be kept, it becomes the old one,
 * and what was old is forgotten. So of `maxKeys` the half that was used last is always there, no step costs more
 * than another, and no timer runs.
 */
export class RecentTable<Value> {
  readonly #maxYoung: number
  #young = new Map<string, Value>()
  #old = new Map<string, Value>()

  /** @param maxKeys at least 2 */
  constructor(maxKeys: number) {
    this.#maxYoung = Math.floor(maxKeys / 2)
  }

  /** How many keys are known; at most `maxKeys`. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** The value of a key, which is used by this. */
  get(key: string): Value | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  /** Keeps a value. */
  set(key: string, value: Value): void {
    this.#old.delete(key)
    this.#young.set(key, value)
    if (this.#young.size < this.#maxYoung) return
    this.#old = this.#young
    this.#young = new Map()
  }
}
