/**
 * How high each row is, and so where each begins: sums are kept for each block of rows, so that a question costs some
 * hundred steps among 100,000 rows.
 */

const blockRows = 512

export class LineHeights {
  #capacity
  #heights
  #sums
  first = 0
  next = 0
  /** Of all rows, in pixels. */
  total = 0

  /** @param {number} rows At most this many at once. */
  constructor(rows) {
    // One block more than needed: the oldest and the newest row never share a block of the ring.
    this.#capacity = (Math.ceil(rows / blockRows) + 1) * blockRows
    this.#heights = new Float32Array(this.#capacity)
    this.#sums = new Float64Array(this.#capacity / blockRows)
  }

  /** @param {number} height */
  push(height) {
    this.next++
    this.set(this.next - 1, height)
  }

  shift() {
    this.set(this.first, 0)
    this.first++
  }

  clear() {
    this.#heights.fill(0)
    this.#sums.fill(0)
    this.first = this.next
    this.total = 0
  }

  /** @param {number} row */
  get(row) {
    return this.#heights[row % this.#capacity]
  }

  /** @param {number} row @param {number} height */
  set(row, height) {
    const slot = row % this.#capacity
    // What was stored, not what was given: it is rounded, and sums must come back to zero.
    const before = this.#heights[slot]
    this.#heights[slot] = height
    const change = this.#heights[slot] - before
    this.#sums[Math.floor(slot / blockRows)] += change
    this.total += change
  }

  /** Where a row begins. @param {number} row */
  offsetOf(row) {
    let offset = 0
    let at = this.first
    while (at < row) {
      const block = this.#wholeBlock(at, row)
      offset += block === undefined ? this.get(at) : this.#sums[block]
      at = block === undefined ? at + 1 : nextBlock(at)
    }
    return offset
  }

  /** The row that is at this place; the last one for places behind it. @param {number} offset */
  rowAt(offset) {
    let left = offset
    let at = this.first
    while (at < this.next - 1) {
      const block = this.#wholeBlock(at, this.next - 1)
      const height = block === undefined ? this.get(at) : this.#sums[block]
      if (left < height) {
        if (block === undefined) return at
        // Within this block: row by row.
        for (; left >= this.get(at); at++) left -= this.get(at)
        return at
      }
      left -= height
      at = block === undefined ? at + 1 : nextBlock(at)
    }
    return at
  }

  /** The block that begins at this row, when all of it comes before `end`. */
  #wholeBlock(row, end) {
    if (row % blockRows !== 0 && row !== this.first) return undefined
    // Rows of the first block that went have no height any more, so its sum is right as well.
    return nextBlock(row) <= end ? Math.floor((row % this.#capacity) / blockRows) : undefined
  }
}

const nextBlock = (row) => (Math.floor(row / blockRows) + 1) * blockRows
