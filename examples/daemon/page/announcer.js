/**
 * What a screen reader says about the list. Not each line: at thousands a second it would never end. What came in the
 * last while is summed up, and only when something came.
 */

const intervalMs = 10_000

export class Announcer {
  #place
  #lines = 0
  #urgent = 0

  /** @param {HTMLElement} place A polite live region. */
  constructor(place) {
    this.#place = place
    setInterval(() => this.#sumUp(), intervalMs)
  }

  /** Said at once. @param {string} text */
  say(text) {
    // The same text twice is said twice.
    this.#place.textContent = this.#place.textContent === text ? `${text}\u00a0` : text
  }

  /** @param {boolean} isUrgent error or fatal */
  count(isUrgent) {
    this.#lines++
    if (isUrgent) this.#urgent++
  }

  #sumUp() {
    if (this.#lines === 0) return
    const urgent = this.#urgent === 0 ? '' : `, ${this.#urgent.toLocaleString()} of them errors`
    this.say(`${this.#lines.toLocaleString()} new ${this.#lines === 1 ? 'line' : 'lines'}${urgent}.`)
    this.#lines = 0
    this.#urgent = 0
  }
}
