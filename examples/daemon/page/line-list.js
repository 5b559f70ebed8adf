/**
 * The list of lines: 100,000 rows of which only those in sight are in the page. Rows are as high as their text; where a
 * row was not in sight yet, its height is guessed from its length, and put right when it comes.
 *
 * One frame: look at new lines → let old rows go → place the rows in sight → measure those that are new.
 */

import { LineHeights } from './line-heights.js'
import { fillRow, makeProbeRow, makeRow } from './line-row.js'
import { maxLines } from './line-store.js'

/** Rows beyond both ends of what is in sight, so that scrolling shows no empty place before the next frame. */
const beyondPx = 600
/** Who follows the newest lines does not scroll, and has other rows in each frame: fewer of them. */
const beyondWhenFollowingPx = 100
/** How near to its end the list must be scrolled to be kept there. */
const nearEndPx = 24
/** Browsers place nothing further down (Firefox 17.8 million): above, the oldest lines go. */
const maxHeightPx = 16_000_000
/** Of a frame's 16 ms. */
const lookMs = 6

export class LineList {
  isFollowing = true
  wraps = true
  /** The number of the line that the keyboard is at. @type {number | undefined} */
  active
  /** Called after each frame that changed something. */
  onFrame = () => {}
  /** @type {(number: number) => void} */
  onOpen = () => {}
  #store
  #view
  #scroller
  #space = document.createElement('div')
  #window = document.createElement('div')
  #probe = makeProbeRow()
  #heights = new LineHeights(maxLines)
  /** @type {Map<number, HTMLElement>} row → its element, in order */
  #shown = new Map()
  /** @type {HTMLElement[]} */
  #spare = []
  #isFrameAsked = false
  #isShown = true
  #top = 0
  /** Browsers scroll by whole pixels: what is left, so that it does not add up. */
  #owed = 0
  #visibleHeight = 0
  /** What one line of text takes: the row's height, that of a further line, and how many characters fit. */
  #measure = { row: 20, line: 20, columns: 80 }

  /**
   * @param {HTMLElement} scroller
   * @param {import('./line-store.js').LineStore} store
   * @param {import('./line-view.js').LineView} view
   */
  constructor(scroller, store, view) {
    this.#scroller = scroller
    this.#store = store
    this.#view = view
    this.#space.className = 'space'
    this.#window.className = 'window'
    for (const box of [this.#space, this.#window]) box.setAttribute('role', 'presentation')
    this.#space.append(this.#probe, this.#window)
    scroller.append(this.#space)
    scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    scroller.addEventListener('click', (event) => this.#clicked(event))
    new ResizeObserver(() => this.#resized()).observe(scroller)
  }

  /** Draws once before the next frame. */
  ask() {
    if (this.#isFrameAsked) return
    this.#isFrameAsked = true
    requestAnimationFrame(() => {
      this.#isFrameAsked = false
      this.#frame()
    })
  }

  /** Other lines are shown from now on: stays at the active one, when there is one. */
  reset() {
    this.#heights.clear()
    for (const row of [...this.#shown.keys()]) this.#remove(row)
    this.ask()
  }

  /**
   * Said before the list is hidden, and after it is there again: a browser forgets where something was scrolled to that
   * is hidden.
   *
   * @param {boolean} isShown
   */
  setShown(isShown) {
    this.#isShown = isShown
    if (isShown) this.#scrollTo(this.#top)
    this.#resized()
  }

  /** @param {boolean} wraps */
  setWraps(wraps) {
    this.wraps = wraps
    this.#scroller.classList.toggle('no-wrap', !wraps)
    this.#resized()
  }

  follow() {
    this.isFollowing = true
    this.ask()
  }

  /** Goes to this many rows from the active one; the last one in sight when there is none. @param {number} rows */
  move(rows) {
    if (this.#view.size === 0) return
    const from = this.active === undefined ? undefined : this.#view.rowOf(this.active)
    const last = this.#heights.rowAt(this.#top + this.#visibleHeight - 1)
    this.#goTo(from === undefined ? last : from + rows)
  }

  /** @param {number} pages */
  movePages(pages) {
    const rows = Math.max(1, Math.floor(this.#visibleHeight / this.#measure.row) - 1)
    this.move(rows * pages)
  }

  moveToFirst() {
    this.#goTo(this.#view.first)
  }

  moveToLast() {
    this.#goTo(this.#view.next - 1)
    this.follow()
  }

  /** No line is active any more. */
  deselect() {
    this.#activate(undefined)
  }

  /** Scrolls so that the active line is in sight. */
  revealActive() {
    if (this.active !== undefined && this.#view.size > 0 && this.#isShown)
      this.#reveal(this.#clamp(this.#view.rowOf(this.active)))
  }

  #clamp(row) {
    return Math.min(Math.max(row, this.#view.first), this.#view.next - 1)
  }

  #goTo(row) {
    if (this.#view.size === 0 || !this.#isShown) return
    this.#sync()
    const to = this.#clamp(row)
    this.#activate(this.#view.numberAt(to))
    this.#reveal(to)
    // So that a screen reader says it; the details go along with the line.
    if (document.activeElement === document.body) this.#scroller.focus({ preventScroll: true })
  }

  #activate(number) {
    this.active = number
    for (const [row, element] of this.#shown) this.#mark(row, element)
    this.#markActive()
    this.onFrame()
  }

  #reveal(row) {
    const offset = this.#heights.offsetOf(row)
    const height = this.#heights.get(row)
    const end = this.#top + this.#visibleHeight
    if (row < this.#view.next - 1) this.isFollowing = false
    if (offset < this.#top) this.#scrollTo(offset)
    else if (offset + height > end) this.#scrollTo(Math.min(offset, offset + height - this.#visibleHeight))
    this.#place()
    // Heights that were guesses are known now.
    const found = this.#shown.get(row)
    if (found !== undefined) found.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    this.#top = this.#scroller.scrollTop
    this.ask()
  }

  #scrollTo(top) {
    this.#scroller.scrollTop = top
    this.#top = this.#scroller.scrollTop
    this.#owed = 0
  }

  /** Because of what changed above what is in sight, so that it stays there. */
  #scrollBy(change) {
    const top = this.#top + change + this.#owed
    this.#scrollTo(top)
    this.#owed = top < 0 ? 0 : top - this.#top
  }

  #scrolled() {
    if (!this.#isShown) return
    const top = this.#scroller.scrollTop
    const end = this.#heights.total - this.#visibleHeight
    // Upwards is the reader's wish, however little: at many lines a second there is no second chance to scroll up.
    if (top !== this.#top) this.#owed = 0
    if (top < this.#top - 1) this.isFollowing = false
    else if (end - top < nearEndPx) this.isFollowing = true
    this.#top = top
    this.ask()
  }

  #clicked(event) {
    const element = /** @type {Element} */ (event.target).closest('.row')
    // Marking text with the mouse is no click on the line.
    if (element === null || getSelection()?.isCollapsed === false) return
    for (const [row, shown] of this.#shown) {
      if (shown !== element) continue
      this.#activate(this.#view.numberAt(row))
      this.onOpen(this.#view.numberAt(row))
      return
    }
  }

  #resized() {
    // Nothing has a size.
    if (!this.#isShown) return
    this.#visibleHeight = this.#scroller.clientHeight
    const text = /** @type {HTMLElement} */ (this.#probe.querySelector('.text'))
    const message = /** @type {HTMLElement} */ (this.#probe.querySelector('.message'))
    const characters = message.getBoundingClientRect().width / 10
    const line = Number.parseFloat(getComputedStyle(text).lineHeight)
    const columns = Math.max(1, Math.floor(text.getBoundingClientRect().width / characters))
    this.#measure = { row: this.#probe.getBoundingClientRect().height, line, columns }
    // The reader goes on at the line that was on top.
    const top = this.#heights.next > this.#heights.first ? this.#heights.rowAt(this.#top) : undefined
    for (let row = this.#heights.first; row < this.#heights.next; row++) this.#heights.set(row, this.#guess(row))
    for (const row of [...this.#shown.keys()]) this.#remove(row)
    if (top !== undefined && !this.isFollowing) {
      this.#space.style.height = `${this.#heights.total}px`
      this.#scrollTo(this.#heights.offsetOf(top))
    }
    this.ask()
  }

  #guess(row) {
    const { row: height, line, columns } = this.#measure
    if (!this.wraps) return height
    return height + Math.max(0, Math.ceil(this.#view.lengthAt(row) / columns) - 1) * line
  }

  #frame() {
    this.#view.advance(performance.now() + lookMs)
    this.#scroller.ariaBusy = String(this.#view.isCatchingUp)
    if (this.#view.isCatchingUp) {
      // Rows from long ago would flash by: drawn when they are all there.
      this.ask()
      return
    }
    if (this.#isShown) {
      this.#sync()
      this.#place()
      this.#markActive()
    }
    this.onFrame()
  }

  /** Rows that came and went since the last frame. */
  #sync() {
    const heights = this.#heights
    if (heights.first === heights.next && heights.first !== this.#view.first) this.#beginAt(this.#view.first)
    let gone = 0
    while (heights.first < Math.min(this.#view.first, heights.next)) {
      gone += heights.get(heights.first)
      heights.shift()
    }
    // All of them went at once.
    if (heights.next < this.#view.first) this.#beginAt(this.#view.first)
    while (heights.next < this.#view.next) heights.push(this.#guess(heights.next))
    while (heights.total > maxHeightPx && this.#view.size > 1) {
      this.#store.dropBefore(this.#view.numberAt(this.#view.first) + 1)
      this.#view.first++
      gone += heights.get(heights.first)
      heights.shift()
    }
    for (const row of [...this.#shown.keys()]) if (row < heights.first || row >= heights.next) this.#remove(row)
    this.#space.style.height = `${heights.total}px`
    if (gone > 0 && !this.isFollowing) this.#scrollBy(-gone)
  }

  #beginAt(row) {
    this.#heights.clear()
    this.#heights.first = row
    this.#heights.next = row
    for (const shown of [...this.#shown.keys()]) this.#remove(shown)
  }

  /** Puts the rows in sight into the page. */
  #place() {
    const heights = this.#heights
    if (heights.first === heights.next) {
      // Else the way back to the top would look like the reader's own scrolling.
      this.#scrollTo(0)
      return
    }
    if (this.isFollowing) this.#top = Math.max(0, heights.total - this.#visibleHeight)
    // Twice when heights turn out to be others than guessed, and other rows are in sight therefore.
    const beyond = this.isFollowing ? beyondWhenFollowingPx : beyondPx
    for (let attempt = 0; attempt < 3; attempt++) {
      const from = heights.rowAt(Math.max(0, this.#top - beyond))
      const to = heights.rowAt(this.#top + this.#visibleHeight + beyond) + 1
      const fresh = this.#fill(from, to)
      const isRight = this.#measureRows(fresh)
      this.#window.style.transform = `translateY(${heights.offsetOf(from)}px)`
      if (isRight) break
    }
    if (this.isFollowing) this.#scrollTo(heights.total)
  }

  /** Returns the rows that were not there before. */
  #fill(from, to) {
    for (const row of [...this.#shown.keys()]) if (row < from || row >= to) this.#remove(row)
    /** @type {number[]} */
    const fresh = []
    const firstShown = this.#shown.keys().next().value ?? to
    const above = []
    for (let row = from; row < Math.min(firstShown, to); row++) above.push([row, this.#make(row)])
    fresh.push(...above.map(([row]) => row))
    this.#window.prepend(...above.map(([, element]) => element))
    const below = []
    const kept = this.#shown.size
    for (let row = firstShown + kept; row < to; row++) {
      below.push([row, this.#make(row)])
      fresh.push(row)
    }
    this.#window.append(...below.map(([, element]) => element))
    this.#shown = new Map([...above, ...this.#shown, ...below])
    return fresh
  }

  #make(row) {
    const element = this.#spare.pop() ?? makeRow()
    const number = this.#view.numberAt(row)
    fillRow(element, number, /** @type {import('./line-store.js').Item} */ (this.#store.at(number)), this.wraps)
    this.#mark(row, element)
    return element
  }

  #remove(row) {
    const element = this.#shown.get(row)
    if (element === undefined) return
    this.#shown.delete(row)
    element.remove()
    if (this.#spare.length < 200) this.#spare.push(element)
  }

  /** Whether they were as high as guessed. What is in sight stays where it is. */
  #measureRows(rows) {
    if (!this.wraps) return true
    const heights = this.#heights
    const anchor = heights.rowAt(this.#top)
    const before = heights.offsetOf(anchor)
    let isRight = true
    for (const row of rows) {
      const height = /** @type {HTMLElement} */ (this.#shown.get(row)).getBoundingClientRect().height
      if (Math.abs(height - heights.get(row)) < 0.5) continue
      heights.set(row, height)
      isRight = false
    }
    if (isRight) return true
    this.#space.style.height = `${heights.total}px`
    if (this.isFollowing) this.#top = Math.max(0, heights.total - this.#visibleHeight)
    else if (heights.offsetOf(anchor) !== before) this.#scrollBy(heights.offsetOf(anchor) - before)
    return false
  }

  #mark(row, element) {
    element.ariaSelected = String(this.#view.numberAt(row) === this.active)
  }

  /** Only what is in the page can be named. */
  #markActive() {
    const id = `line-${this.active}`
    if (this.active !== undefined && document.getElementById(id) !== null)
      this.#scroller.setAttribute('aria-activedescendant', id)
    else this.#scroller.removeAttribute('aria-activedescendant')
  }
}
