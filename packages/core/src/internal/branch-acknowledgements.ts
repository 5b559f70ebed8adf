/**
 * One source, several branches: an entry is safe once it is safe in every branch. Each branch acknowledges to a
 * tracker of its own, and the source hears the lowest of the branches' marks. A pure machine.
 *
 * ```
 *   source's sequence   1  2  3  4  5  6  7
 *   branch 0            ✓  ✓  ✓  ✓  ✓  ·  ·      mark 5
 *   branch 1            ✓  ✓  ·  ✗  ✗  ·  ·      mark 2: what was dropped (✗) is done once 3 is
 *   the source hears    2
 * ```
 */

import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import type { Origin, OriginBooks, OriginTracker } from '../origin.ts'
import { branchSeparator } from './books/way.ts'

/** An entry's origin as one branch sees it. */
class BranchOrigin implements Origin {
  readonly tracker: OriginTracker
  readonly sequence: number
  readonly parent: Origin
  /** Whose id it has; the parent's, but for the last entry of a batch. */
  readonly line: Origin

  constructor(tracker: OriginTracker, parent: Origin, line = parent) {
    this.tracker = tracker
    this.sequence = parent.sequence
    this.parent = parent
    this.line = line
  }

  get id(): string {
    return this.line.id
  }
}

/** How far one branch is with one source; what happens to entries in the branch goes on into the books of the source. */
class BranchMark implements OriginTracker, OriginBooks {
  readonly books = this
  readonly #changed: () => void
  readonly #tracker: OriginTracker
  readonly #name: string
  #mark: Origin | undefined
  /** The last place that was written to the branch, and the last that was let into its queue. */
  #given = -Infinity
  #kept = -Infinity
  /** The last place with nothing to deliver, and the place that must be acknowledged before it is done. */
  #passed: Origin | undefined
  #passedAfter = -Infinity

  constructor(tracker: OriginTracker, name: string, changed: () => void) {
    this.#tracker = tracker
    this.#name = name
    this.#changed = changed
  }

  get mark(): Origin | undefined {
    return this.#mark
  }

  get #sequence(): number {
    return this.#mark?.sequence ?? -Infinity
  }

  acknowledge({ parent }: BranchOrigin): void {
    if (parent.sequence <= this.#sequence) return
    this.#mark = parent
    this.#settle()
    this.#changed()
  }

  deliver({ parent }: BranchOrigin, entries: number, branch?: string, first?: BranchOrigin): void {
    // Said once more, or too late: it is in the books.
    if (parent.sequence <= this.#sequence) return
    this.#tracker.books?.deliver(parent, entries, this.#within(branch), first?.parent)
  }

  drop(first: BranchOrigin, last: BranchOrigin, entries: number, reason: string, branch?: string): void {
    this.#tracker.books?.drop(first.line, last.parent, entries, reason, this.#within(branch))
  }

  fork({ parent }: BranchOrigin, branches: readonly string[], branch?: string): void {
    this.#tracker.books?.fork(parent, branches, this.#within(branch))
  }

  failBranch(branch?: string): void {
    this.#tracker.books?.failBranch(this.#within(branch))
  }

  #within(branch: string | undefined): string {
    if (branch === undefined || branch === '') return this.#name
    return this.#name === '' ? branch : `${this.#name}${branchSeparator}${branch}`
  }

  kept({ sequence }: Origin): void {
    this.#kept = sequence
  }

  given({ sequence }: Origin): void {
    this.#given = sequence
  }

  passed(origin: Origin, behind: 'kept' | 'given'): void {
    if (origin.sequence <= this.#sequence) return
    this.#passed = origin
    this.#passedAfter = behind === 'kept' ? Math.max(this.#kept, this.#given) : this.#given
    if (this.#settle()) this.#changed()
  }

  /** Moves the mark over what needs no delivery. */
  #settle(): boolean {
    const passed = this.#passed
    if (passed === undefined || this.#sequence < this.#passedAfter) return false
    this.#passed = undefined
    if (passed.sequence <= this.#sequence) return false
    this.#mark = passed
    return true
  }
}

/** One source's marks in all branches. */
class SourceMarks {
  readonly branches: readonly BranchMark[]
  readonly #tracker: OriginTracker
  readonly #joined: BranchAcknowledgements
  #entered = -Infinity
  #told = -Infinity

  constructor(joined: BranchAcknowledgements, tracker: OriginTracker) {
    this.#joined = joined
    this.#tracker = tracker
    this.branches = joined.names.map((name) => new BranchMark(tracker, name, () => this.tell()))
  }

  enter(origin: Origin): void {
    this.#entered = origin.sequence
    this.#joined.underWay.add(this)
    if (this.#joined.forks) this.#tracker.books?.fork(origin, this.#joined.names)
  }

  /** What a branch had not acknowledged is done. */
  leave(index: number): void {
    this.branches[index]?.failBranch()
    this.tell()
  }

  /** Tells the source the lowest mark. */
  tell(): void {
    let lowest: Origin | undefined
    for (const index of this.#joined.counted) {
      const mark = this.branches[index]?.mark
      if (mark === undefined) return
      if (lowest === undefined || mark.sequence < lowest.sequence) lowest = mark
    }
    if (lowest === undefined || lowest.sequence <= this.#told) return
    this.#told = lowest.sequence
    if (this.#told >= this.#entered) this.#joined.underWay.delete(this)
    this.#tracker.acknowledge(lowest)
  }
}

/** The acknowledgements of all branches, joined. */
export class BranchAcknowledgements {
  /** The branches that have a say. */
  readonly counted: Set<number>
  /** Sources of which something is not acknowledged yet. */
  readonly underWay = new Set<SourceMarks>()
  /** What the books of a source call the branches. */
  readonly names: readonly string[]
  /** Whether the books of a source are to tell them apart. */
  readonly forks: boolean
  /** Kept for exactly as long as the source's tracker lives: a source of thousands of files has one for each. */
  readonly #sources = new WeakMap<OriginTracker, SourceMarks>()

  /** One name for each branch; only a single one may be called '', which is no branch to the books. */
  constructor(names: readonly string[]) {
    this.names = names
    this.forks = names[0] !== ''
    this.counted = new Set(names.keys())
  }

  /** An item is about to be offered to every branch. */
  enter({ origin }: LogEntry | Batch): void {
    if (origin === undefined) return
    let marks = this.#sources.get(origin.tracker)
    if (marks === undefined) {
      marks = new SourceMarks(this, origin.tracker)
      this.#sources.set(origin.tracker, marks)
    }
    marks.enter(origin)
  }

  /** An item was let into a branch's queue. */
  kept(branch: number, { origin }: LogEntry | Batch): void {
    if (origin !== undefined) this.#mark(branch, origin).kept(origin)
  }

  /** Something is about to be written to a branch, which gets it as returned. */
  given(branch: number, item: LogEntry | Batch): LogEntry | Batch {
    const { origin } = item
    if (origin === undefined) return item
    const mark = this.#mark(branch, origin)
    mark.given(origin)
    if (isBatch(item)) return item.withOrigins((origin) => new BranchOrigin(mark, origin))
    return { ...item, origin: new BranchOrigin(mark, origin) }
  }

  /** The last entry of a batch that is written entry by entry: it also covers the lines dropped behind it. */
  lastGiven(branch: number, entry: LogEntry, batch: Batch): LogEntry {
    const { origin } = batch
    if (origin === undefined) return entry
    return { ...entry, origin: new BranchOrigin(this.#mark(branch, origin), origin, entry.origin) }
  }

  /**
   * An item that a branch need not deliver: it is done as soon as what the branch has before it is: everything
   * `given` to it, or what is `kept` in its queue too.
   */
  passed(branch: number, { origin }: LogEntry | Batch, behind: 'kept' | 'given'): void {
    if (origin !== undefined) this.#mark(branch, origin).passed(origin, behind)
  }

  /** A branch is gone: what it did not acknowledge holds nothing back any more. */
  remove(branch: number): void {
    this.counted.delete(branch)
    for (const marks of [...this.underWay]) marks.leave(branch)
  }

  #mark(branch: number, origin: Origin): BranchMark {
    return (this.#sources.get(origin.tracker) as SourceMarks).branches[branch] as BranchMark
  }
}
