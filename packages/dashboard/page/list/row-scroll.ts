/**
 * Which rows are seen, where, of however many: the arithmetic of a list that draws only those.
 *
 * One row is the anchor: it stands at a certain place of the space that the browser scrolls through, and all others stand
 * by their heights before and after it. The anchor is the truth, the scrollbar follows it:
 *
 * - Browsers draw nothing beyond 17 to 33 million pixels, which is less than a million rows need on many screens. So the
 *   space has a bound; beyond it a small step moves by pixels, a large one to that part of the rows.
 * - Rows that come or go before the anchor move nothing that is seen.
 * - Rows of unknown height count as the usual one until they were drawn.
 *
 * Whenever an end is near, or nobody scrolls, `settle` says where the scrollbar belongs.
 */

export interface RowScrollOptions {
  /** Unit: CSS pixels. @default 8000000 */
  readonly maxSpacePx?: number | undefined
  /** Drawn beyond what is seen, before and after. Unit: CSS pixels. @default 400 */
  readonly overscanPx?: number | undefined
}

/** The rows to draw. */
export interface DrawnRows {
  readonly first: number
  /** Not drawn any more. */
  readonly end: number
  /** Where the first one stands in the space. Unit: CSS pixels. */
  readonly top: number
  /** Where the last one ends. */
  readonly bottom: number
}

/** What the arithmetic must be told. */
export interface RowSizes {
  readonly rows: number
  /** What most rows measure. Unit: CSS pixels. */
  readonly usualPx: number
  /** What this one measures, if that is known. */
  heightOf(row: number): number | undefined
}

export class RowScroll {
  readonly #maxSpacePx: number
  readonly #overscanPx: number
  #sizes: RowSizes = { rows: 0, usualPx: 20, heightOf: () => undefined }
  #viewPx = 0
  #anchorRow = 0
  #anchorTop = 0
  #scrollTop = 0
  /** Known while both ends are drawn. */
  #contentPx: number | undefined

  constructor({ maxSpacePx = 8_000_000, overscanPx = 400 }: RowScrollOptions = {}) {
    this.#maxSpacePx = maxSpacePx
    this.#overscanPx = overscanPx
  }

  get scrollTop(): number {
    return this.#scrollTop
  }

  /** The height of the space. */
  get spacePx(): number {
    const { rows, usualPx } = this.#sizes
    return Math.max(this.#viewPx, Math.min(this.#maxSpacePx, this.#contentPx ?? rows * usualPx))
  }

  get viewPx(): number {
    return this.#viewPx
  }

  get anchorRow(): number {
    return this.#anchorRow
  }

  setView(viewPx: number): void {
    this.#viewPx = viewPx
  }

  /** Rows changed; `anchorRow` is where the anchor stands now. */
  setRows(sizes: RowSizes, anchorRow: number): void {
    this.#sizes = sizes
    this.#anchorRow = clamp(anchorRow, 0, Math.max(0, sizes.rows - 1))
  }

  /** The browser says where it scrolled to. */
  scrolledTo(scrollTop: number): void {
    const step = Math.abs(scrollTop - this.#scrollTop)
    this.#scrollTop = scrollTop
    if (step > Math.max(2 * this.#viewPx, 2000)) this.#jump()
    else this.#moveAnchor()
  }

  /** Puts a row into view; returns where to scroll to. */
  toRow(row: number, align: 'start' | 'center' | 'nearest'): number {
    const target = clamp(row, 0, Math.max(0, this.#sizes.rows - 1))
    if (align === 'nearest') {
      const seen = this.#topOf(target)
      if (seen !== undefined) {
        const bottom = seen + this.#height(target)
        if (seen < this.#scrollTop) return this.#scrollBy(seen - this.#scrollTop)
        if (bottom > this.#scrollTop + this.#viewPx) return this.#scrollBy(bottom - this.#scrollTop - this.#viewPx)
        return this.#scrollTop
      }
    }
    const spare = this.#viewPx - this.#height(target)
    const offset = align === 'start' ? 0 : align === 'center' ? spare / 2 : target > this.#anchorRow ? spare : 0
    this.#anchorRow = target
    this.#anchorTop = this.#scrollTop + Math.max(0, offset)
    return this.#settled()
  }

  /** The last row at the bottom; returns where to scroll to. */
  toEnd(): number {
    const { rows } = this.#sizes
    this.#anchorRow = Math.max(0, rows - 1)
    this.#anchorTop = this.#scrollTop + this.#viewPx - (rows === 0 ? 0 : this.#height(this.#anchorRow))
    return this.#settled()
  }

  /** Whether the last row is seen whole. */
  get isAtEnd(): boolean {
    const { rows } = this.#sizes
    if (rows === 0) return true
    const top = this.#topOf(rows - 1)
    return top !== undefined && top + this.#height(rows - 1) <= this.#scrollTop + this.#viewPx + 2
  }

  /** The first row that is seen, if only in part. */
  get firstSeen(): number {
    let row = this.#anchorRow
    let top = this.#anchorTop
    while (row > 0 && top > this.#scrollTop) top -= this.#height(--row)
    while (row < this.#sizes.rows - 1 && top + this.#height(row) <= this.#scrollTop) top += this.#height(row++)
    return row
  }

  drawn(): DrawnRows {
    const { rows } = this.#sizes
    const from = this.#scrollTop - this.#overscanPx
    const to = this.#scrollTop + this.#viewPx + this.#overscanPx
    let first = this.#anchorRow
    let top = this.#anchorTop
    while (first > 0 && top > from) top -= this.#height(--first)
    while (first < rows - 1 && top + this.#height(first) <= from) top += this.#height(first++)
    let end = first
    let bottom = top
    for (; end < rows && bottom < to; end++) bottom += this.#height(end)
    return { first, end, top, bottom }
  }

  /**
   * Where the scrollbar belongs, the rows seen staying as they are; undefined when it is there. While somebody scrolls
   * (`isIdle` false) only when an end is near: a scrollbar that is moved stops the scrolling of some browsers.
   */
  settle(isIdle: boolean): number | undefined {
    const before = this.#scrollTop
    const { first, end } = this.drawn()
    const isNear =
      first === 0 || end === this.#sizes.rows || before < this.#viewPx || before > this.spacePx - 2 * this.#viewPx
    if (!isIdle && !isNear) return undefined
    const after = this.#settled()
    return after === before ? undefined : after
  }

  #height(row: number): number {
    return this.#sizes.heightOf(row) ?? this.#sizes.usualPx
  }

  /** Where a row stands, if it is not far from what is seen. */
  #topOf(row: number): number | undefined {
    const { first, end, top } = this.drawn()
    if (row < first || row >= end) return undefined
    let result = top
    for (let other = first; other < row; other++) result += this.#height(other)
    return result
  }

  #scrollBy(px: number): number {
    this.#scrollTop += px
    this.#moveAnchor()
    return this.#settled()
  }

  /** The anchor is a row that is seen, so that what comes and goes elsewhere moves nothing. */
  #moveAnchor(): void {
    let row = this.#anchorRow
    let top = this.#anchorTop
    while (row > 0 && top > this.#scrollTop) top -= this.#height(--row)
    while (row < this.#sizes.rows - 1 && top + this.#height(row) <= this.#scrollTop) top += this.#height(row++)
    this.#anchorRow = row
    this.#anchorTop = top
  }

  /** To the part of the rows that the scrollbar shows. */
  #jump(): void {
    const { rows, usualPx } = this.#sizes
    const share = this.#rangePx <= 0 ? 0 : clamp(this.#scrollTop / this.#rangePx, 0, 1)
    const place = share * Math.max(0, rows - this.#viewPx / usualPx)
    this.#anchorRow = Math.min(Math.floor(place), Math.max(0, rows - 1))
    this.#anchorTop = this.#scrollTop - (place - Math.floor(place)) * usualPx
  }

  /** Moves the rows and the scrollbar together so that the scrollbar tells the truth, and the ends of both meet. */
  #settled(): number {
    this.#contentPx = undefined
    this.#moveAnchor()
    const { rows, usualPx } = this.#sizes
    const offset = (this.#scrollTop - this.#anchorTop) / Math.max(1, this.#height(this.#anchorRow))
    const most = rows - this.#viewPx / usualPx
    this.#shift(most <= 0 ? 0 : clamp((this.#anchorRow + offset) / most, 0, 1) * this.#rangePx - this.#scrollTop)

    // Near an end its own row decides, to the pixel.
    const { first, end, top, bottom } = this.drawn()
    if (first === 0 && end === rows) this.#contentPx = bottom - top
    if (first === 0) {
      this.#shift(-top)
      this.#scrollTop = clamp(this.#scrollTop, 0, this.#rangePx)
    } else if (end === rows) {
      this.#shift(this.spacePx - bottom)
      this.#scrollTop = Math.min(this.#scrollTop, this.#rangePx)
    }
    this.#shift(Math.round(this.#scrollTop) - this.#scrollTop)
    this.#moveAnchor()
    return this.#scrollTop
  }

  #shift(px: number): void {
    this.#anchorTop += px
    this.#scrollTop += px
  }

  /** How far the scrollbar goes. */
  get #rangePx(): number {
    return this.spacePx - this.#viewPx
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value))
}
