/**
 * The lines that the page holds: entries in their order, each once, with a row wherever some are known to be missing.
 *
 * ```
 *   (older, not loaded) … entry entry  ▒ 312 lines skipped ▒  entry entry entry … (newer, not loaded)
 *                         └──────────────── rows 0 to length−1 ─────────┘
 * ```
 */

import type { EntryId, ShownEntry } from './shown-entry.ts'
import { SortedEntries } from './sorted-entries.ts'

/** Entries that are missing between two rows. */
export interface Gap {
  /** For React; as long as the gap is there. */
  readonly key: string
  /** How many; undefined when nobody can tell. */
  readonly entries?: number | undefined
  /** Between these times, as far as known. Unit: ms since the epoch. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Entries from this one on are here already. */
  readonly before?: EntryId | undefined
}

export type Row =
  | { readonly kind: 'entry'; readonly key: string; readonly entry: ShownEntry }
  | { readonly kind: 'gap'; readonly key: string; readonly gap: Gap }

export interface LineWindowOptions {
  /** @default 1000000 */
  readonly maxEntries?: number | undefined
  /** Of all texts together, about. @default 400000000 */
  readonly maxChars?: number | undefined
  /** Beyond as many, the two oldest become one. @default 100 */
  readonly maxGaps?: number | undefined
  /** Entries that are kept, and go, together. @default 512 */
  readonly blockEntries?: number | undefined
}

interface PlacedGap {
  readonly gap: Gap
  /** The entry that it follows; undefined: it stands before all. Stays true when that entry goes. */
  readonly after: EntryId | undefined
}

/** What the page holds. Mutable: `version` changes with it. */
export interface LineWindow {
  /** Rows: entries and gaps. */
  readonly length: number
  readonly entries: number
  readonly version: number
  readonly firstId: EntryId | undefined
  readonly lastId: EntryId | undefined
  row(index: number): Row | undefined
  has(id: EntryId): boolean
  /** The row of an entry; when it is not here, the row that stands at its place. */
  rowOf(id: EntryId): number
  /** The row of the first entry at or after a time. */
  rowAtTime(time: number): number
  rowOfGap(key: string): number | undefined
  /** Adds entries in any order, those that are here already left out, and says how many were new. */
  add(entries: readonly ShownEntry[]): number
  /** Notes that entries are missing: after the last entry before `from`, or at the end when that is not known. */
  addGap(gap: Omit<Gap, 'key'>): void
  /** Changes what a gap says; without `gap` it goes. */
  replaceGap(key: string, gap?: Omit<Gap, 'key'>): void
  /** Drops entries from one end until the bounds hold, and says how many. */
  trim(end: 'oldest' | 'newest'): number
  clear(): void
}

export function lineWindow(options: LineWindowOptions = {}): LineWindow {
  return new Lines(options)
}

class Lines implements LineWindow {
  readonly #sorted: SortedEntries
  readonly #maxEntries: number
  readonly #maxChars: number
  readonly #maxGaps: number
  /** In the order of their rows. */
  #gaps: PlacedGap[] = []
  #gapRows: number[] | undefined
  #lastGapKey = 0
  version = 0

  constructor({ maxEntries = 1_000_000, maxChars = 4e8, maxGaps = 100, blockEntries }: LineWindowOptions) {
    this.#sorted = new SortedEntries({ blockEntries })
    this.#maxEntries = maxEntries
    this.#maxChars = maxChars
    this.#maxGaps = maxGaps
  }

  get length(): number {
    return this.#sorted.length + this.#gaps.length
  }

  get entries(): number {
    return this.#sorted.length
  }

  get firstId(): EntryId | undefined {
    return this.#sorted.idAt(0)
  }

  get lastId(): EntryId | undefined {
    return this.#sorted.idAt(this.#sorted.length - 1)
  }

  row(index: number): Row | undefined {
    let gapsBefore = 0
    for (const [gapIndex, row] of this.#rowsOfGaps().entries()) {
      if (row === index) {
        const { gap } = this.#gaps[gapIndex] as PlacedGap
        return { kind: 'gap', key: gap.key, gap }
      }
      if (row < index) gapsBefore++
    }
    const entry = this.#sorted.at(index - gapsBefore)
    return entry && { kind: 'entry', key: entry.id, entry }
  }

  has(id: EntryId): boolean {
    return this.#sorted.has(id)
  }

  rowOf(id: EntryId): number {
    return this.#rowOfIndex(this.#sorted.indexOf(id))
  }

  rowAtTime(time: number): number {
    return this.#rowOfIndex(this.#sorted.indexAtTime(time))
  }

  rowOfGap(key: string): number | undefined {
    return this.#rowsOfGaps()[this.#gaps.findIndex(({ gap }) => gap.key === key)]
  }

  add(entries: readonly ShownEntry[]): number {
    const added = this.#sorted.add(entries)
    if (added > 0) this.#changed()
    return added
  }

  addGap(gap: Omit<Gap, 'key'>): void {
    const index = gap.from === undefined ? this.#sorted.length : this.#sorted.indexAtTime(gap.from)
    this.#gaps.push({ gap: { ...gap, key: this.#nextKey() }, after: this.#sorted.idAt(index - 1) })
    this.#changed()
    const rows = this.#rowsOfGaps()
    const order = this.#gaps.map((_, gapIndex) => gapIndex).sort((a, b) => (rows[a] as number) - (rows[b] as number))
    this.#gaps = order.map((gapIndex) => this.#gaps[gapIndex] as PlacedGap)
    if (this.#gaps.length > this.#maxGaps) this.#joinOldestGaps()
    this.#changed()
  }

  replaceGap(key: string, gap?: Omit<Gap, 'key'>): void {
    this.#gaps = this.#gaps.flatMap((placed) => {
      if (placed.gap.key !== key) return [placed]
      return gap === undefined ? [] : [{ ...placed, gap: { ...gap, key } }]
    })
    this.#changed()
  }

  trim(end: 'oldest' | 'newest'): number {
    let dropped = 0
    while (this.#sorted.length > this.#maxEntries || (this.#sorted.chars > this.#maxChars && this.#sorted.length > 1)) {
      const entries = this.#sorted.dropBlock(end)
      if (entries === 0) break
      dropped += entries
    }
    if (dropped > 0) {
      this.#dropGapsAt(end)
      this.#changed()
    }
    return dropped
  }

  clear(): void {
    this.#sorted.clear()
    this.#gaps = []
    this.#changed()
  }

  /** A gap at the end that went is part of what is not loaded. */
  #dropGapsAt(end: 'oldest' | 'newest'): void {
    const last = this.#sorted.length
    this.#gaps = this.#gaps.filter((placed) => {
      const index = this.#entriesBefore(placed)
      return end === 'oldest' ? index > 0 : index < last
    })
  }

  #joinOldestGaps(): void {
    const [first, second, ...others] = this.#gaps as [PlacedGap, PlacedGap, ...PlacedGap[]]
    const entries =
      first.gap.entries === undefined || second.gap.entries === undefined
        ? undefined
        : first.gap.entries + second.gap.entries
    this.#gaps = [
      { after: first.after, gap: { key: first.gap.key, entries, from: first.gap.from, to: second.gap.to } },
      ...others,
    ]
  }

  #nextKey(): string {
    this.#lastGapKey++
    return `gap ${this.#lastGapKey}`
  }

  #entriesBefore({ after }: PlacedGap): number {
    if (after === undefined) return 0
    const index = this.#sorted.indexOf(after)
    return this.#sorted.idAt(index) === after ? index + 1 : index
  }

  #rowOfIndex(index: number): number {
    let row = index
    for (const gapRow of this.#rowsOfGaps()) if (gapRow <= row) row++
    return row
  }

  #rowsOfGaps(): number[] {
    this.#gapRows ??= this.#gaps.map((placed, gapIndex) => this.#entriesBefore(placed) + gapIndex)
    return this.#gapRows
  }

  #changed(): void {
    this.version++
    this.#gapRows = undefined
  }
}
