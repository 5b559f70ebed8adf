/** What rows measure: one height for all, or, when long lines are broken, each its own. */

/** Rows whose height is remembered; those that are drawn are measured anyway. */
const maxKnown = 20_000

export class RowHeights {
  /** What most rows measure, to begin with. Unit: CSS pixels. */
  usualPx = 22
  readonly #known = new Map<string, number>()
  #width = 0
  #wasWrapped = false

  of(key: string | undefined): number | undefined {
    return key === undefined ? undefined : this.#known.get(key)
  }

  /** Lines break elsewhere in another width. */
  setWidth(width: number): void {
    if (width !== this.#width) this.#known.clear()
    this.#width = width
  }

  /** Looks at the rows that are drawn; says whether any is other than was thought. */
  measure(block: HTMLElement, wrap: boolean): boolean {
    if (wrap !== this.#wasWrapped) this.#known.clear()
    this.#wasWrapped = wrap
    return wrap ? this.#measureEach(block) : this.#measureOne(block)
  }

  #measureOne(block: HTMLElement): boolean {
    const { firstElementChild: row } = block
    if (row === null) return false
    return this.#changeUsual(row.getBoundingClientRect().height)
  }

  #measureEach(block: HTMLElement): boolean {
    let hasChanged = false
    if (this.#known.size > maxKnown) this.#known.clear()
    for (const row of block.children) {
      const key = (row as HTMLElement).dataset['key'] as string
      const px = row.getBoundingClientRect().height
      if (px === 0 || Math.abs((this.#known.get(key) ?? -1) - px) < 0.1) continue
      this.#known.set(key, px)
      hasChanged = true
    }
    if (!hasChanged) return false
    let px = 0
    for (const known of this.#known.values()) px += known
    // The mean moves a little with each row; the scrollbar need not.
    if (Math.abs(px / this.#known.size - this.usualPx) > 2) this.usualPx = px / this.#known.size
    return true
  }

  #changeUsual(px: number): boolean {
    // Hidden boxes measure nothing.
    if (px === 0 || Math.abs(px - this.usualPx) < 0.1) return false
    this.usualPx = px
    return true
  }
}
