/** The ids of the latest entries, so that what a server sends again after a reconnect is known. Bounded. */

/** Longer ids are not remembered. */
const maxIdChars = 512

/** Shorter strings are never slices of longer ones. V8: `SlicedString::kMinLength`. */
const minSliceLength = 13

/**
 * Knows an id again on another connection. Never on the same one: a server whose ids are not unique, a time in seconds
 * say, would lose entries by it.
 */
export class RepeatedIds {
  readonly #maxIds: number
  /** By id, the connection it came on last; in the order of coming. */
  readonly #ids = new Map<string, number>()

  constructor(maxIds: number) {
    this.#maxIds = maxIds
  }

  /** How many are remembered. */
  get size(): number {
    return this.#ids.size
  }

  /** Remembers an id; true when it had come on another connection. */
  isRepeated(id: string, connection: number): boolean {
    const known = this.#ids.get(id)
    if (known !== undefined) return known !== connection
    if (id.length > maxIdChars) return false
    if (this.#ids.size >= this.#maxIds) this.#ids.delete(this.#ids.keys().next().value as string)
    // A slice would keep the whole event alive.
    this.#ids.set(id.length < minSliceLength ? id : ` ${id}`.slice(1), connection)
    return false
  }
}
