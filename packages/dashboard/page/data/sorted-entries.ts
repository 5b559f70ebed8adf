/** Up to a million entries in the order of their ids, each once, in blocks: those in which nothing happens are packed. */

import { compareEntryIds } from '@logwisp/store/stored-entry'
import { EntryBlock } from './entry-block.ts'
import type { EntryId, ShownEntry } from './shown-entry.ts'

export interface SortedEntriesOptions {
  /** @default 512 */
  readonly blockEntries?: number | undefined
}

/** Entries come at the ends; late ones near them. As many blocks at each end stay open. */
const openBlocks = 3

/** One string of texts must stay far below what an engine can hold. Unit: characters. */
const maxBlockChars = 2 ** 23

export class SortedEntries {
  readonly #blockEntries: number
  readonly #blocks: EntryBlock[] = []
  /** How many entries stand before each block; made anew when somebody asks. */
  #starts: number[] | undefined
  #length = 0

  constructor({ blockEntries = 512 }: SortedEntriesOptions = {}) {
    this.#blockEntries = blockEntries
  }

  get length(): number {
    return this.#length
  }

  get chars(): number {
    return this.#blocks.reduce((sum, { chars }) => sum + chars, 0)
  }

  at(index: number): ShownEntry | undefined {
    const place = this.#find(index)
    return place?.block.at(place.index)
  }

  idAt(index: number): EntryId | undefined {
    const place = this.#find(index)
    return place?.block.idAt(place.index)
  }

  /** Adds entries in any order, and says how many were not here yet. */
  add(entries: readonly ShownEntry[]): number {
    const before = this.#length
    const sorted = isSorted(entries) ? entries : entries.toSorted((a, b) => compareEntryIds(a.id, b.id))
    // What belongs to the same block comes together, so that each block is opened and cut at most once.
    for (let from = 0; from < sorted.length; ) {
      const blockIndex = this.#blockFor((sorted[from] as ShownEntry).id)
      const next = this.#blocks[blockIndex + 1]
      const to = next === undefined ? sorted.length : firstNotBefore(sorted, from + 1, next.idAt(0))
      this.#addTo(blockIndex, sorted.slice(from, to))
      from = to
    }
    this.#packInner()
    return this.#length - before
  }

  /** How many entries stand before an id. */
  indexOf(id: EntryId): number {
    if (this.#blocks.length === 0) return 0
    const blockIndex = this.#blockFor(id)
    return (this.#blockStarts()[blockIndex] as number) + (this.#blocks[blockIndex] as EntryBlock).placeOf(id)
  }

  has(id: EntryId): boolean {
    return this.idAt(this.indexOf(id)) === id
  }

  /** How many entries stand before a time. Unit: ms since the epoch. */
  indexAtTime(time: number): number {
    let low = 0
    let high = this.#length
    while (low < high) {
      const middle = (low + high) >>> 1
      const place = this.#find(middle) as Place
      if (place.block.timeAt(place.index) < time) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Drops whole blocks from one end, and says how many entries that were. One block always stays. */
  dropBlock(end: 'oldest' | 'newest'): number {
    if (this.#blocks.length < 2) return 0
    const dropped = (end === 'oldest' ? this.#blocks.shift() : this.#blocks.pop()) as EntryBlock
    this.#length -= dropped.length
    this.#starts = undefined
    return dropped.length
  }

  clear(): void {
    this.#blocks.length = 0
    this.#length = 0
    this.#starts = undefined
  }

  /** The block that an id stands in or belongs to. */
  #blockFor(id: EntryId): number {
    // Nearly all that comes is newer than what is here.
    let low = 0
    let high = this.#blocks.length - 1
    if (high > 0 && compareEntryIds((this.#blocks[high] as EntryBlock).idAt(0), id) <= 0) return high
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (compareEntryIds((this.#blocks[middle] as EntryBlock).idAt(0), id) <= 0) low = middle
      else high = middle - 1
    }
    return Math.max(0, low)
  }

  #addTo(blockIndex: number, entries: readonly ShownEntry[]): void {
    const block = this.#blocks[blockIndex]
    const last = block && block.length > 0 ? block.idAt(block.length - 1) : undefined
    const lengthBefore = block?.length ?? 0
    if (block === undefined || last === undefined) {
      this.#blocks.splice(blockIndex, 1, new EntryBlock(withoutRepeats(entries)))
    } else if (compareEntryIds(last, (entries[0] as ShownEntry).id) < 0) {
      block.append(withoutRepeats(entries))
    } else {
      const fresh = entries.filter(({ id }) => !block.has(id))
      if (fresh.length === 0) return
      this.#blocks[blockIndex] = new EntryBlock(merge(block.open(), withoutRepeats(fresh)))
    }
    this.#length += (this.#blocks[blockIndex] as EntryBlock).length - lengthBefore
    this.#starts = undefined
    this.#splitIfLarge(blockIndex)
  }

  #splitIfLarge(blockIndex: number): void {
    const block = this.#blocks[blockIndex] as EntryBlock
    const isLarge = block.length > 2 * this.#blockEntries || (block.chars > maxBlockChars && block.length > 1)
    if (!isLarge) return
    const parts: EntryBlock[] = []
    let part: ShownEntry[] = []
    let chars = 0
    for (const entry of block.open()) {
      if (part.length > 0 && (part.length === this.#blockEntries || chars + entry.message.length > maxBlockChars)) {
        parts.push(new EntryBlock(part))
        part = []
        chars = 0
      }
      part.push(entry)
      chars += entry.message.length
    }
    parts.push(new EntryBlock(part))
    this.#blocks.splice(blockIndex, 1, ...parts)
  }

  #packInner(): void {
    for (let index = openBlocks; index < this.#blocks.length - openBlocks; index++) {
      const block = this.#blocks[index] as EntryBlock
      if (!block.isPacked) block.pack()
    }
  }

  #find(index: number): Place | undefined {
    if (!(index >= 0 && index < this.#length)) return undefined
    const starts = this.#blockStarts()
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((starts[middle] as number) <= index) low = middle
      else high = middle - 1
    }
    return { block: this.#blocks[low] as EntryBlock, index: index - (starts[low] as number) }
  }

  #blockStarts(): number[] {
    if (this.#starts === undefined) {
      let start = 0
      this.#starts = this.#blocks.map((block) => {
        const own = start
        start += block.length
        return own
      })
    }
    return this.#starts
  }
}

interface Place {
  readonly block: EntryBlock
  readonly index: number
}

function isSorted(entries: readonly ShownEntry[]): boolean {
  return entries.every(
    ({ id }, index) => index === 0 || compareEntryIds((entries[index - 1] as ShownEntry).id, id) <= 0,
  )
}

/** The first index from `from` on whose entry does not stand before `id`. */
function firstNotBefore(entries: readonly ShownEntry[], from: number, id: EntryId): number {
  let index = from
  while (index < entries.length && compareEntryIds((entries[index] as ShownEntry).id, id) < 0) index++
  return index
}

function withoutRepeats(sorted: readonly ShownEntry[]): ShownEntry[] {
  return sorted.filter(({ id }, index) => index === 0 || sorted[index - 1]?.id !== id)
}

function merge(a: readonly ShownEntry[], b: readonly ShownEntry[]): ShownEntry[] {
  const merged: ShownEntry[] = []
  let [fromA, fromB] = [0, 0]
  while (fromA < a.length && fromB < b.length) {
    const [first, second] = [a[fromA] as ShownEntry, b[fromB] as ShownEntry]
    if (compareEntryIds(first.id, second.id) < 0) {
      merged.push(first)
      fromA++
    } else {
      merged.push(second)
      fromB++
    }
  }
  return merged.concat(a.slice(fromA), b.slice(fromB))
}
