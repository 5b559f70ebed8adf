/** The tracker of a source that keeps books: what became of every entry that it read. */

import type { SourceAccount, WayAccount } from './account.ts'
import type { Position } from './checkpoint.ts'
import { Books, type FilePart } from './internal/books/books.ts'
import type { Origin, OriginBooks } from './origin.ts'
import { Tracker } from './tracker.ts'

export type { FilePart } from './internal/books/books.ts'

/** What an {@link AccountingTracker} is made of. */
export interface AccountingTrackerOptions<Place extends Origin> {
  /** What is read, as the account names it. */
  readonly source: string
  /** What {@link AccountingTracker.savedBooks} was in an earlier run; anything else means that the books begin anew. */
  readonly saved?: unknown
  /** Called at each acknowledgement that says something new; it must be quick and not throw. */
  readonly onAdvance?: ((acknowledged: Place) => void) | undefined
}

/**
 * A {@link Tracker} that keeps books beside the low-water mark. Say {@link read} for what is read, with the sequence that
 * its last entry has, before it is given; the stages say the rest by themselves.
 *
 * Costs a record for each call of `read` until what was read is acknowledged; beyond 512 of them neighbours are kept as one.
 */
export class AccountingTracker<Place extends Origin = Origin> extends Tracker<Place> implements OriginBooks {
  /** Itself: it keeps the books. */
  readonly books: OriginBooks = this
  readonly #source: string
  readonly #books: Books
  #account: { readonly of: WayAccount; readonly shown: SourceAccount } | undefined

  constructor({ source, saved, onAdvance }: AccountingTrackerOptions<Place>) {
    super(onAdvance)
    this.#source = source
    this.#books = new Books(saved)
  }

  /**
   * So many entries were read, the last of them with this sequence. With `from`, the part of a file that they are in, what
   * an earlier run has read already is not counted once more: no part may lie on both sides of {@link readBefore}.
   */
  read(sequence: number, entries: number, from?: FilePart): void {
    this.#books.read(sequence, entries, from)
  }

  /** Up to where an earlier run had read a file when its books were saved, if it is to be read again; else 0. */
  readBefore(file: string): number {
    return this.#books.readBefore(file)
  }

  /** Nothing more will be read of a file: what was to be read again, and was not, is lost. */
  over(file: string): void {
    this.#books.over(file)
  }

  /** Entries up to this origin were delivered. For sinks, through `acknowledge`. */
  deliver(origin: Origin, entries: number, branch = '', first: Origin = origin): void {
    this.#books.deliver(first, origin, entries, branch)
  }

  /** Entries from `first` to `last` were dropped. For stages, through `noteDropped`. */
  drop(first: Origin, last: Origin, entries: number, reason: string, branch = ''): void {
    this.#books.drop(first, last, entries, reason, branch)
  }

  /** What was read with this origin goes on into branches. For `fanOut`. */
  fork(origin: Origin, branches: readonly string[], branch = ''): void {
    this.#books.fork(origin, branches, branch)
  }

  /** A branch is out. For `fanOut`. */
  failBranch(branch: string): void {
    this.#books.failBranch(branch)
  }

  /** Takes over the account of something that will be read no more, for a source that sums such ones up. */
  absorb(account: SourceAccount): void {
    this.#books.absorb(account)
  }

  override acknowledge(origin: Origin): void {
    super.acknowledge(origin)
    this.#books.acknowledge(origin)
  }

  /** What became of everything up to now; the same object as long as nothing happens. */
  get account(): SourceAccount {
    const of = this.#books.account
    if (this.#account?.of !== of) {
      this.#account = { of, shown: Object.freeze({ source: this.#source, ...of }) }
    }
    return this.#account.shown
  }

  /**
   * What to keep in a checkpoint, in the same position as the place that is acknowledged; the same object as long as
   * nothing happens.
   */
  get savedBooks(): Position {
    return this.#books.save()
  }
}
