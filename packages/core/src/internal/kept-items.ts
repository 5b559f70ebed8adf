/**
 * What a sink was given and has not acknowledged, in order, so that another sink can be given it again. A pure machine.
 *
 * Items get origins of this machine's own, one tracker (a lane) for each tracker of theirs: an acknowledgement says
 * nothing of what came from elsewhere, as ever.
 *
 * ```
 *   kept      a1 b1 a2 [a3 a4 a5] b2 c1
 *             |    given    |   not yet |
 *   lane a    a1 → a2 → [a3 a4 a5]          acknowledging a4 lets a1 and a2 go, and of the batch only a5 is given again
 *   lane b    b1 → b2                       still wait
 * ```
 */

import { randomBytes } from 'node:crypto'
import { Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { entrySize } from '../entry-size.ts'
import type { Origin, OriginBooks, OriginTracker } from '../origin.ts'
import { entriesOf } from './bounded-queue.ts'
import { compacted } from './compacted.ts'

const noBytes = Buffer.alloc(0)

/** From so many bytes on what is kept waits for a sink that lags, and is to keep nothing else alive. */
const freelyKeptBytes = 1_048_576

/** The origin that an item is given on with. */
class KeptOrigin implements Origin {
  readonly tracker: Lane
  readonly sequence: number
  /** The item's own origin, when it has one. */
  readonly parent: Origin | undefined
  /** Tells lines without an origin of their own apart. */
  readonly #place: number

  constructor(tracker: Lane, sequence: number, place: number, parent: Origin | undefined) {
    this.tracker = tracker
    this.sequence = sequence
    this.parent = parent
    this.#place = place
  }

  get id(): string {
    return this.parent?.id ?? `${this.tracker.name}-${this.#place}`
  }
}

/** What is kept of one tracker; what happens to it goes on into the books of the source. */
class Lane implements OriginTracker, OriginBooks {
  readonly books = this
  readonly name: string
  /** The last sequence that was used, and the last that was acknowledged. */
  used = 0
  mark = 0
  first: Kept | undefined
  last: Kept | undefined
  readonly #acknowledged: (origin: KeptOrigin) => void
  readonly #source: OriginTracker | undefined

  constructor(name: string, acknowledged: (origin: KeptOrigin) => void, source?: OriginTracker) {
    this.name = name
    this.#acknowledged = acknowledged
    this.#source = source
  }

  acknowledge(origin: Origin): void {
    // Only origins that carry this tracker come here.
    this.#acknowledged(origin as KeptOrigin)
  }

  deliver({ parent, sequence }: KeptOrigin, entries: number, branch?: string, first?: KeptOrigin): void {
    // Said once more, or by a sink that another one took the place of: it is in the books.
    if (sequence > this.mark) parent?.tracker.books?.deliver(parent, entries, branch, first?.parent)
  }

  drop({ parent }: KeptOrigin, last: KeptOrigin, entries: number, reason: string, branch?: string): void {
    if (parent !== undefined && last.parent !== undefined)
      parent.tracker.books?.drop(parent, last.parent, entries, reason, branch)
  }

  fork({ parent }: KeptOrigin, branches: readonly string[], branch?: string): void {
    parent?.tracker.books?.fork(parent, branches, branch)
  }

  failBranch(branch: string): void {
    this.#source?.books?.failBranch(branch)
  }
}

/** One item, in the list of all and in that of its lane. */
interface Kept {
  /** As it came, or what is left of it. */
  item: LogEntry | Batch
  readonly lane: Lane
  readonly bytes: number
  /** Its lines have the sequences after this one, up to `end`. */
  readonly base: number
  readonly end: number
  /** A batch without lines that came right behind it in its lane: done as soon as this is. */
  passed: Batch | undefined
  before: Kept | undefined
  after: Kept | undefined
  nextInLane: Kept | undefined
}

export class KeptItems {
  readonly #delivered: (item: LogEntry | Batch) => void
  /** Kept for exactly as long as the source's tracker lives. */
  readonly #lanes = new WeakMap<OriginTracker, Lane>()
  /** Of items without an origin. */
  readonly #noOrigin: Lane
  #first: Kept | undefined
  #last: Kept | undefined
  /** The first that is still to be given. */
  #next: Kept | undefined
  #entries = 0
  #bytes = 0

  /** `delivered` is called with each item that is safe, in the order of its source. */
  constructor(delivered: (item: LogEntry | Batch) => void) {
    this.#delivered = delivered
    this.#noOrigin = this.#newLane(randomBytes(9).toString('base64url'))
  }

  /** Entries kept. Those of a batch of which a part is acknowledged count until all are. */
  get entries(): number {
    return this.#entries
  }

  /** Bytes kept, by `entrySize`. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether something is still to be given. */
  get hasMore(): boolean {
    return this.#next !== undefined
  }

  /** Keeps an item behind all others. */
  add(given: LogEntry | Batch): void {
    // What is let go of soon need not be copied.
    const item = this.#bytes < freelyKeptBytes ? given : compacted(given)
    const lane = this.#laneOf(item.origin)
    if (isBatch(item) && item.count === 0) {
      // Nothing to give. It needs no place of its own, so a filter that drops everything fills nothing up.
      if (lane.last === undefined) this.#delivered(item)
      else lane.last.passed = item
      return
    }
    const base = lane.used
    lane.used += isBatch(item) ? item.bytes.length : 1
    const end = isBatch(item) ? base + endOfLines(item) : lane.used
    const bytes = entrySize(item)
    const before = this.#last
    const kept: Kept = {
      item,
      lane,
      bytes,
      base,
      end,
      passed: undefined,
      before,
      after: undefined,
      nextInLane: undefined,
    }
    if (before === undefined) this.#first = kept
    else before.after = kept
    this.#last = kept
    if (lane.last === undefined) lane.first = kept
    else lane.last.nextInLane = kept
    lane.last = kept
    this.#next ??= kept
    this.#entries += entriesOf(item)
    this.#bytes += bytes
  }

  /** The next item to be given, with its own way back; undefined when all were. */
  take(): LogEntry | Batch | undefined {
    const kept = this.#next
    if (kept === undefined) return undefined
    this.#next = kept.after
    if (kept.lane.mark > kept.base) this.#cut(kept)
    const { item, lane, base, end } = kept
    if (!isBatch(item)) return { ...item, origin: new KeptOrigin(lane, end, end, item.origin) }
    return item.withNewOrigins({
      at: (start, next) => new KeptOrigin(lane, base + next, base + start, item.originOf(start, next)),
    })
  }

  /** All that is kept is to be given again. */
  rewind(): void {
    this.#next = this.#first
  }

  /** All that was given is safe; `exceptLast`: but for the item that was taken last. */
  settle(exceptLast = false): void {
    const stop = exceptLast ? (this.#next === undefined ? this.#last : this.#next.before) : this.#next
    while (this.#first !== undefined && this.#first !== stop) {
      const { lane, base, end, item } = this.#first
      if (lane.mark > base) this.#cut(this.#first)
      // It finished without a word of this one, and a sink that finishes has delivered.
      if (item.origin !== undefined) item.origin.tracker.books?.deliver(item.origin, entriesOf(this.#first.item))
      lane.mark = Math.max(lane.mark, end)
      this.#letGo(lane)
    }
  }

  /** Lets everything go, and returns it in order: items, and batches without lines that were behind them. */
  clear(): (LogEntry | Batch)[] {
    const all: (LogEntry | Batch)[] = []
    for (let kept = this.#first; kept !== undefined; kept = kept.after) {
      if (kept.lane.mark > kept.base) this.#cut(kept)
      all.push(kept.item)
      if (kept.passed !== undefined) all.push(kept.passed)
      kept.lane.first = kept.lane.last = undefined
      kept.lane.mark = kept.lane.used
    }
    this.#first = this.#last = this.#next = undefined
    this.#entries = this.#bytes = 0
    return all
  }

  #laneOf(origin: Origin | undefined): Lane {
    if (origin === undefined) return this.#noOrigin
    let lane = this.#lanes.get(origin.tracker)
    if (lane === undefined) {
      lane = this.#newLane('', origin.tracker)
      this.#lanes.set(origin.tracker, lane)
    }
    return lane
  }

  #newLane(name: string, source?: OriginTracker): Lane {
    return new Lane(name, (origin) => this.#acknowledge(origin), source)
  }

  #acknowledge({ tracker: lane, sequence, parent }: KeptOrigin): void {
    if (sequence <= lane.mark) return
    lane.mark = sequence
    this.#letGo(lane)
    const { first } = lane
    if (parent === undefined || first === undefined || sequence <= first.base) return
    // Within a batch: its source hears of it now, and only the rest will be given again.
    this.#delivered(Batch.of({ bytes: noBytes, source: '', time: 0, origins: { at: () => parent } }))
  }

  /** Lets go of what its lane's mark covers. */
  #letGo(lane: Lane): void {
    for (let kept = lane.first; kept !== undefined && kept.end <= lane.mark; kept = lane.first) {
      lane.first = kept.nextInLane
      if (lane.first === undefined) lane.last = undefined
      const { before, after } = kept
      if (before === undefined) this.#first = after
      else before.after = after
      if (after === undefined) this.#last = before
      else after.before = before
      if (this.#next === kept) this.#next = after
      this.#entries -= entriesOf(kept.item)
      this.#bytes -= kept.bytes
      this.#delivered(kept.item)
      if (kept.passed !== undefined) this.#delivered(kept.passed)
    }
  }

  /** Takes the lines off a batch that were acknowledged. */
  #cut(kept: Kept): void {
    const { item, lane, base } = kept
    if (!isBatch(item)) return
    let done = 0
    item.forEachLine((_start, _end, next) => {
      if (base + next <= lane.mark) done++
    })
    if (done === 0) return
    const [safe, rest] = item.split(done)
    kept.item = rest
    this.#entries -= done
    this.#delivered(safe)
  }
}

/** Where the last selected line of a batch ends. */
function endOfLines(batch: Batch): number {
  let last = 0
  batch.forEachRun((_start, end) => {
    last = end
  })
  return last
}
