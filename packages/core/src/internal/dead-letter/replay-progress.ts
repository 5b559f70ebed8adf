/** How far a replay has come: what was given, what of it is acknowledged, and which files are done with. No I/O. */

import type { Origin } from '../../origin.ts'
import { Tracker } from '../../tracker.ts'
import type { RejectedOrigin } from './letter.ts'
import type { ClaimedFile } from './replay-claim.ts'

/** Where an entry stands. */
interface Place extends RejectedOrigin {
  readonly file: ClaimedFile
  /** Where the line after it begins. Unit: bytes. */
  readonly end: number
  /** Entries given up to here. */
  readonly entries: number
}

/** A file of which all was given. */
interface GivenFile {
  readonly file: ClaimedFile
  /** The sequence of the last entry that was given, of this file or one before it. */
  readonly last: number
  /** Where its last whole line ends. Unit: bytes. */
  readonly end: number
}

/** What it tells of; both must be quick and not throw. */
export interface ProgressHooks {
  /** All of a file is acknowledged. Called in order. */
  readonly done: (file: ClaimedFile) => void
  /** More is acknowledged than before. */
  readonly advanced: () => void
}

export class ReplayProgress {
  /** Entries given. */
  entries = 0
  readonly #tracker: Tracker<Place>
  readonly #given: GivenFile[] = []
  readonly #hooks: ProgressHooks
  #sequence = 0
  #lastEntry = 0
  #bytesDone = 0

  constructor(hooks: ProgressHooks) {
    this.#hooks = hooks
    this.#tracker = new Tracker((place) => this.#advance(place))
  }

  /** Entries that are acknowledged. */
  get acknowledged(): number {
    return this.#tracker.acknowledged?.entries ?? 0
  }

  /** Bytes of files, and of parts of files, that are acknowledged. */
  get bytesDone(): number {
    return this.#bytesDone
  }

  /** Whether all that was given is acknowledged, and all files that were given are done with. */
  get isSettled(): boolean {
    return this.acknowledged === this.entries && this.#given.length === 0
  }

  /** The way back of the next entry, whose line ends there. */
  next(file: ClaimedFile, end: number, id: string, timesRejected: number): RejectedOrigin {
    this.entries++
    const place = this.#place(file, end, id, timesRejected)
    // Not that of a mark: who reads entries never gets one, and a file without entries would wait for it.
    this.#lastEntry = place.sequence
    return place
  }

  /** The way back of what comes after the last entry: for a batch without lines, that a filter which drops cannot drop. */
  mark(file: ClaimedFile, end: number): Origin {
    return this.#place(file, end, `${file.stem}:${end}`, 0)
  }

  /** All of a file was given; its last whole line ends there. */
  read(file: ClaimedFile, end: number): void {
    this.#given.push({ file, end, last: this.#lastEntry })
    this.#finishFiles()
  }

  #place(file: ClaimedFile, end: number, id: string, timesRejected: number): Place {
    this.#sequence++
    return { tracker: this.#tracker, sequence: this.#sequence, id, timesRejected, file, end, entries: this.entries }
  }

  #advance({ file, end }: Place): void {
    this.#finish(file, end)
    this.#finishFiles()
    this.#hooks.advanced()
  }

  #finishFiles(): void {
    const acknowledged = this.#tracker.acknowledged?.sequence ?? 0
    while (this.#given[0] !== undefined && this.#given[0].last <= acknowledged) {
      const { file, end } = this.#given.shift() as GivenFile
      this.#finish(file, end)
      this.#hooks.done(file)
    }
  }

  #finish(file: ClaimedFile, end: number): void {
    this.#bytesDone += Math.max(0, end - file.done)
    file.done = Math.max(end, file.done)
  }
}
