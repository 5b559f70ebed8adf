/**
 * The lines of the store that pass the filter, as rows: which line each row shows, and how long it is. Filled piece by
 * piece, so that a new filter over 100,000 lines stops nothing.
 */

import { maxLines } from './line-store.js'
import { readLine } from './read-line.js'

/** Of a line's text shown in its row; the details have the rest. */
export const maxShownCharacters = 2000

export class LineView {
  first = 0
  next = 0
  /** Whether lines that were there before the filter are still to be looked at. */
  isCatchingUp = false
  /** Called once for each line that comes, whether it is shown or not. @type {(line: import('./read-line.js').ReadLine) => void} */
  onLine = () => {}
  #store
  #numbers = new Float64Array(maxLines)
  #lengths = new Uint16Array(maxLines)
  /** @type {import('./line-filter.js').Passes} */
  #passes = () => true
  /** The line that is looked at next, and that which nobody looked at yet. */
  #cursor = 0
  #unseen = 0

  /** @param {import('./line-store.js').LineStore} store */
  constructor(store) {
    this.#store = store
  }

  get size() {
    return this.next - this.first
  }

  /** Begins anew with other lines. @param {import('./line-filter.js').Passes} passes */
  show(passes) {
    this.#passes = passes
    this.first = this.next
    this.#cursor = this.#store.first
    this.isCatchingUp = true
  }

  /** Looks at lines that it has not looked at, for this long. @param {number} untilMs of `performance.now()` */
  advance(untilMs) {
    this.#forget()
    this.#cursor = Math.max(this.#cursor, this.#store.first)
    // A look at the clock costs as much as some lines.
    for (let looks = 1; this.#cursor < this.#store.next; looks++) {
      this.#look(this.#cursor++)
      if (looks % 64 === 0 && performance.now() > untilMs) return
    }
    this.isCatchingUp = false
  }

  /** The number of the line that a row shows. @param {number} row */
  numberAt(row) {
    return this.#numbers[row % maxLines]
  }

  /** How many characters the row shows. @param {number} row */
  lengthAt(row) {
    return this.#lengths[row % maxLines]
  }

  /** The row of this line, or of the next one that is shown. @param {number} number */
  rowOf(number) {
    let low = this.first
    let high = this.next
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if (this.numberAt(middle) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  #look(number) {
    const item = this.#store.at(number)
    if (item === undefined) return
    const line = item.data === undefined ? undefined : readLine(item.data)
    if (line !== undefined && number >= this.#unseen) this.onLine(line)
    this.#unseen = Math.max(this.#unseen, number + 1)
    // Where lines are missing is told whatever the filter.
    if (line !== undefined && !this.#passes(line)) return
    if (this.size === maxLines) this.first++
    const slot = this.next % maxLines
    this.#numbers[slot] = number
    this.#lengths[slot] = line === undefined ? item.gap.length : shownLength(line)
    this.next++
  }

  /** Rows whose lines the store let go. */
  #forget() {
    while (this.first < this.next && this.numberAt(this.first) < this.#store.first) this.first++
  }
}

function shownLength({ message, fields }) {
  const length = message.length + (fields === undefined ? 0 : JSON.stringify(fields).length + 1)
  return Math.min(length, maxShownCharacters)
}
