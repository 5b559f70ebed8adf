/**
 * The lines that the page has, newest last, each with a number that it keeps. Bounded in lines and in characters: what
 * came first goes first.
 */

/** In view at once. */
export const maxLines = 100_000
/** Two bytes each at worst, so 128 MB: lines of a usual length end at {@link maxLines} long before. */
export const maxCharacters = 64 * 1024 * 1024

/**
 * A line of the stream, or a place where some are missing.
 *
 * @typedef {{ data: string, at: number, gap?: undefined } | { gap: string, at: number, data?: undefined }} Item
 */

export class LineStore {
  /** The number of the oldest, and of the one that comes next. */
  first = 0
  next = 0
  characters = 0
  /** @type {(Item | undefined)[]} */
  #slots = new Array(maxLines)

  get size() {
    return this.next - this.first
  }

  /** @param {Item} item */
  add(item) {
    if (this.size === maxLines) this.#evict()
    this.#slots[this.next % maxLines] = item
    this.next++
    this.characters += charactersOf(item)
    while (this.characters > maxCharacters && this.size > 1) this.#evict()
  }

  /** @param {number} number @returns {Item | undefined} */
  at(number) {
    return number < this.first || number >= this.next ? undefined : this.#slots[number % maxLines]
  }

  /** Lets the oldest go, up to this number. @param {number} number */
  dropBefore(number) {
    while (this.first < number && this.first < this.next) this.#evict()
  }

  #evict() {
    const slot = this.first % maxLines
    this.characters -= charactersOf(this.#slots[slot])
    this.#slots[slot] = undefined
    this.first++
  }
}

const charactersOf = (item) => (item.data ?? item.gap).length
