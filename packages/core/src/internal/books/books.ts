/**
 * The books of one source: what became of every entry that it read. A pure machine.
 *
 * What is read at a time (a block of a file) is one record, and stays one until the acknowledged mark has passed its end:
 * then it is settled, which means that it goes into the sum. So a stage says once for a whole batch what it did to it.
 *
 * ```
 *   sequence   0        100       200       300       400
 *   records    │ settled │ settled │ ▓▓▓▓░░░ │ ░░░░░░░ │
 *   mark                                ▲
 *   saved      sum of the settled ones; of the record that the mark stands in: how many entries, up to where in the
 *              file, and what surely or perhaps became of them before the mark. Of later ones nothing: they are read again
 * ```
 *
 * After a restart the rest of that record is read again, from the mark to its end. That is no new reading (a repeat): it
 * is settled together with what was saved.
 */

import type { WayAccount } from '../../account.ts'
import type { Position } from '../../checkpoint.ts'
import type { Origin } from '../../origin.ts'
import { lost, PartlyRead } from './partly-read.ts'
import { type PartlyKnown, restoreBooks, saveBooks } from './saved-books.ts'
import { Way } from './way.ts'
import { WaySum } from './way-sum.ts'

/** How many records are kept apart; beyond, neighbours become one. */
const maxRecords = 512

/** Settled records are taken off the array's front only after this many. */
const emptySlotsKept = 256

/** A part of a file that was read at a time. */
export interface FilePart {
  /** The same for the same file after a restart, and for no other: what the ids of its lines begin with. */
  readonly file: string
  readonly begin: number
  readonly end: number
}

/** Up to where a file was read, and the sequence of that place. */
interface FileEnd {
  readonly file: string
  readonly end: number
  readonly sequence: number
}

interface Record {
  /** The sequence that it ends with. */
  end: number
  entries: number
  readonly way: Way
  /** Whether it is read again. */
  readonly isRepeat: boolean
  /** Up to where files were read for it. */
  readonly ends: FileEnd[]
}

export class Books {
  #sum: WaySum
  readonly #records: (Record | undefined)[] = []
  #head = 0
  /** The end of the last record that was settled. */
  #begin = 0
  #mark = 0
  #partly: PartlyRead | undefined
  #version = 0
  #shown: { readonly version: number; readonly account: WayAccount } | undefined
  #saved: { readonly version: number; readonly position: Position } | undefined

  /** `saved` is what {@link save} gave to an earlier run; anything else means to begin anew. */
  constructor(saved?: unknown) {
    const restored = restoreBooks(saved)
    this.#sum = restored?.sum ?? new WaySum()
    this.#partly = restored?.partly && new PartlyRead(restored.partly)
    this.#closePartly()
  }

  /** Up to where in a file reading is no new reading, as an earlier run did it; 0 for all other files. */
  readBefore(file: string): number {
    return this.#partly?.endOf(file) ?? 0
  }

  /** Nothing more will be read of a file: what was to be read again is lost. */
  over(file: string): void {
    if (this.#partly?.over(file) === true) this.#closePartly()
  }

  /** Entries were read, those up to `sequence`: `from` says of which part of which file. */
  read(sequence: number, entries: number, from?: FilePart): void {
    this.#version++
    const isRepeat = from !== undefined && from.begin < this.readBefore(from.file)
    const ends = from === undefined || isRepeat ? [] : [{ file: from.file, end: from.end, sequence }]
    this.#records.push({ end: sequence, entries, way: new Way(), isRepeat, ends })
    if (from !== undefined) this.#partly?.reading(from, sequence)
    if (this.#records.length - this.#head > maxRecords) this.#mergeNeighbours()
  }

  deliver(first: Origin, { sequence }: Origin, entries: number, branch: string): void {
    // What the mark has passed is done with: who acknowledges it once more, or too late, says nothing new.
    if (sequence <= this.#mark) return
    this.#version++
    const last = this.#indexAt(sequence)
    if (last === -1) return
    // Entry by entry, as stages of the user's own give them: each is in its own record, and that is looked for no further.
    if (entries === 1 && branch === '') return (this.#records[last] as Record).way.delivered.addPast(1)
    const from = this.#firstOf(first.sequence, last)
    if (this.#isAllOf(from, last, entries, branch))
      return tellDelivered(this.#records[last] as Record, sequence, entries, branch)
    const tell = (record: Record, part: number): void => tellDelivered(record, sequence, part, branch)
    let left = this.#spread(from, last, entries, branch, tell)
    // Of two ways through a stage (memory, disk) one has overtaken the other, and was told of all that there was room for.
    if (left > 0) left = this.#spread(last + 1, this.#records.length - 1, left, branch, tell)
    if (left > 0) tell(this.#records[last] as Record, left)
  }

  drop(first: Origin, last: Origin, entries: number, reason: string, branch: string): void {
    this.#version++
    const index = this.#indexAt(last.sequence)
    if (index === -1) return
    const from = this.#firstOf(first.sequence, index)
    if (this.#isAllOf(from, index, entries, branch)) {
      return (this.#records[index] as Record).way.at(branch).drop(reason, entries, first, last)
    }
    const tell = ({ way }: Record, part: number): void => way.at(branch).drop(reason, part, first, last)
    const left = this.#spread(from, index, entries, branch, tell)
    if (left > 0) tell(this.#records[index] as Record, left)
  }

  /** Where the record of a sequence is that is no later than the one at `last`; the oldest for what is settled. */
  #firstOf(sequence: number, last: number): number {
    return sequence === this.#records[last]?.end ? last : Math.max(this.#head, this.#indexAt(sequence))
  }

  /** Whether all of it is of one record, which has the room: so it mostly is. */
  #isAllOf(from: number, last: number, entries: number, branch: string): boolean {
    if (from !== last) return false
    const { way, entries: all } = this.#records[last] as Record
    return entries <= way.roomFor(branch, all)
  }

  /**
   * Tells the records from one place to another of so many entries, the oldest first, as many as each has room for: a stage
   * that puts several blocks away at a time (a buffer on the disk) says so once for all of them. Returns how many are left.
   */
  #spread(
    from: number,
    to: number,
    entries: number,
    branch: string,
    tell: (record: Record, entries: number) => void,
  ): number {
    let left = entries
    for (let i = from; left > 0 && i <= to; i++) {
      const record = this.#records[i] as Record
      const part = Math.min(left, record.way.roomFor(branch, record.entries))
      if (part > 0) tell(record, part)
      left -= part
    }
    return left
  }

  /** What was read with this origin goes on into branches. */
  fork({ sequence }: Origin, branches: readonly string[], branch: string): void {
    this.#records[this.#indexAt(sequence)]?.way.at(branch).forkInto(branches)
  }

  /** A branch is out: what it did not deliver of what is under way is dropped. */
  failBranch(branch: string): void {
    this.#version++
    for (let i = this.#head; i < this.#records.length; i++) {
      const { way } = this.#records[i] as Record
      if (way.has(branch)) way.at(branch).isFailed = true
    }
  }

  /** Everything up to an origin is safe: what was read up to there is settled. */
  acknowledge(origin: Origin): void {
    const { sequence } = origin
    if (sequence <= this.#mark) return
    this.#mark = sequence
    this.#version++
    for (let record = this.#records[this.#head]; record !== undefined; record = this.#records[this.#head]) {
      if (record.end > sequence) break
      this.#records[this.#head] = undefined
      this.#head++
      this.#begin = record.end
      this.#settle(record, origin)
    }
    if (this.#head >= emptySlotsKept) {
      this.#records.splice(0, this.#head)
      this.#head = 0
    }
  }

  #settle({ way, entries, isRepeat }: Record, at: Origin): void {
    if (!isRepeat || this.#partly === undefined) return this.#sum.add(way, entries, 'covered', at)
    this.#partly.settle(way, entries)
    this.#closePartly()
  }

  /** Once all that was to be read again is settled, it goes into the sum. */
  #closePartly(): void {
    const partly = this.#partly
    if (partly === undefined || !partly.isRead) return
    for (let i = this.#head; i < this.#records.length; i++) if (this.#records[i]?.isRepeat === true) return
    this.#version++
    this.#partly = undefined
    partly.close(this.#sum)
  }

  /** Where the record is that a sequence belongs to; -1 when it is settled or was never read. */
  #indexAt(sequence: number): number {
    const records = this.#records
    const oldest = records[this.#head]
    if (oldest === undefined || sequence <= this.#begin) return -1
    if (sequence <= oldest.end) return this.#head
    let low = this.#head + 1
    let high = records.length
    // Mostly it is the newest: a filter has it in hand.
    if (low < high && sequence > ((records[high - 2] as Record).end ?? 0)) low = high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((records[middle] as Record).end < sequence) low = middle + 1
      else high = middle
    }
    return low < records.length ? low : -1
  }

  /** Half as many records, each twice as long. */
  #mergeNeighbours(): void {
    const merged: Record[] = []
    for (let i = this.#head; i < this.#records.length; i++) {
      const record = this.#records[i] as Record
      const before = merged.at(-1)
      // The oldest stays as it is: the mark stands in it, and what is read again after a crash is to be little.
      if (before === undefined || merged.length === 1 || before.isRepeat !== record.isRepeat || i % 2 === 0) {
        merged.push(record)
        continue
      }
      before.end = record.end
      before.entries += record.entries
      before.way.add(record.way)
      for (const end of record.ends) addEnd(before.ends, end)
    }
    this.#records.splice(0, this.#records.length, ...merged)
    this.#head = 0
  }

  /** Takes over the account of a source that is no longer read: what is still under way there is lost. */
  absorb(account: WayAccount): void {
    this.#version++
    const sum = new WaySum()
    sum.addAccount(account)
    sum.giveUp(lost)
    this.#sum.merge(sum)
  }

  /** What became of everything up to now; the same object as long as nothing happens. */
  get account(): WayAccount {
    if (this.#shown?.version === this.#version) return this.#shown.account
    let sum = this.#sum
    const { length } = this.#records
    if (this.#head < length || this.#partly !== undefined) {
      sum = sum.copy()
      const repeats = new Way()
      let entriesAgain = 0
      for (let i = this.#head; i < length; i++) {
        const { way, entries, isRepeat } = this.#records[i] as Record
        if (isRepeat) {
          repeats.add(way)
          entriesAgain += entries
        } else sum.add(way, entries, 'in-flight', nowhere)
      }
      this.#partly?.show(sum, repeats, entriesAgain)
    }
    const account = sum.account()
    this.#shown = { version: this.#version, account }
    return account
  }

  /** What a checkpoint keeps beside the acknowledged place; the same object as long as nothing happens. */
  save(): Position {
    if (this.#saved?.version === this.#version) return this.#saved.position
    const position = saveBooks(this.#sum, this.#partlyKnown())
    this.#saved = { version: this.#version, position }
    return position
  }

  #partlyKnown(): PartlyKnown | undefined {
    const record = this.#records[this.#head]
    const mark = this.#mark
    if (record === undefined || mark <= this.#begin) return this.#partly?.known(mark)
    const parts = record.way.upTo(mark)
    if (record.isRepeat) return this.#partly?.known(mark, parts)
    const left = record.ends.filter(({ sequence }) => sequence > mark)
    const known = { entries: record.entries, ends: new Map(left.map(({ file, end }) => [file, end])), ...parts }
    return this.#partly?.known(mark, undefined, known) ?? known
  }
}

const nowhere = { id: '' } as const

function tellDelivered({ way, end }: Record, sequence: number, entries: number, branch: string): void {
  // Outside of branches it is acknowledged in the same turn, so the mark is never before it.
  if (branch === '') way.delivered.addPast(entries)
  else way.at(branch).deliver(Math.min(sequence, end), entries)
}

/** The last place of each file. */
function addEnd(ends: FileEnd[], added: FileEnd): void {
  const known = ends.findIndex(({ file }) => file === added.file)
  if (known === -1) ends.push(added)
  else ends[known] = added
}
