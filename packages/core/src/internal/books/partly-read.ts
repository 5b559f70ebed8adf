/**
 * Entries that an earlier run read together, and of which this one reads a part again: what was known of them then, and
 * what becomes of the repeats now. Settled once all of that was read again.
 */

import type { FilePart } from './books.ts'
import type { PartlyKnown } from './saved-books.ts'
import { Way } from './way.ts'
import type { WaySum } from './way-sum.ts'

/** Why entries are dropped whose file was gone before they could be read again. */
export const lost = 'position-lost'

export class PartlyRead {
  readonly #entries: number
  readonly #ends: ReadonlyMap<string, number>
  /** The files of which a part is still to be read again. */
  readonly #awaited: Set<string>
  /** The last sequence of each file that was read again. */
  readonly #read = new Map<string, number>()
  readonly #sure: Way
  readonly #maybe: Way
  /** What became of those that were read again, and how many they are. */
  readonly #again = new Way()
  #entriesAgain = 0
  #isLost = false

  constructor({ entries, ends, sure, maybe }: PartlyKnown) {
    this.#entries = entries
    this.#ends = ends
    this.#awaited = new Set(ends.keys())
    this.#sure = sure
    this.#maybe = maybe
  }

  /** Whether nothing more is to be read again. */
  get isRead(): boolean {
    return this.#awaited.size === 0
  }

  /** Up to where reading a file is reading again. */
  endOf(file: string): number {
    return this.#ends.get(file) ?? 0
  }

  /** Some of it is read again, up to `sequence`; or what comes behind it in that file is read already. */
  reading({ file, begin, end }: FilePart, sequence: number): void {
    if (begin < this.endOf(file)) this.#read.set(file, sequence)
    if (end >= this.endOf(file)) this.#awaited.delete(file)
  }

  /** Nothing more is read of a file. True when that makes a difference. */
  over(file: string): boolean {
    const wasAwaited = this.#awaited.delete(file)
    this.#isLost ||= wasAwaited
    return wasAwaited
  }

  /** What became of some of those that were read again. */
  settle(way: Way, entries: number): void {
    this.#again.add(way)
    this.#entriesAgain += entries
  }

  /** Adds all of it to the sum, of which nothing is under way any more. */
  close(sum: WaySum): void {
    const way = new Way()
    way.add(this.#sure)
    // Only now it is known how many entries the first run had done with.
    way.resolve(this.#maybe, this.#entries - this.#entriesAgain)
    way.add(this.#again)
    const [file = ''] = this.#ends.keys()
    sum.add(way, this.#entries, this.#isLost ? { reason: lost } : 'covered', { id: `${file}:${this.endOf(file)}` })
  }

  /** Adds all of it to a sum as it is now; `repeats` are those read again that are not settled, so many entries. */
  show(sum: WaySum, repeats: Way, entries: number): void {
    const way = new Way()
    way.add(this.#sure)
    if (this.isRead) way.resolve(this.#maybe, this.#entries - this.#entriesAgain - entries)
    way.add(this.#again)
    way.add(repeats)
    sum.add(way, this.#entries, 'in-flight', { id: '' })
  }

  /**
   * What a checkpoint keeps of it when all up to `mark` is settled: with `parts` of what is read again just now, or with `more` entries that were read
   * together and are known in part.
   */
  known(mark: number, parts?: { readonly sure: Way; readonly maybe: Way }, more?: PartlyKnown): PartlyKnown {
    const sure = new Way()
    const maybe = new Way()
    const isOpen = ([file]: [string, number]): boolean => this.#awaited.has(file) || (this.#read.get(file) ?? 0) > mark
    const ends = new Map([...this.#ends].filter(isOpen))
    for (const way of [this.#sure, this.#again, parts?.sure, more?.sure]) if (way !== undefined) sure.add(way)
    for (const way of [this.#maybe, parts?.maybe, more?.maybe]) if (way !== undefined) maybe.add(way)
    for (const [file, end] of more?.ends ?? []) ends.set(file, end)
    return { entries: this.#entries + (more?.entries ?? 0), ends, sure, maybe }
  }
}
