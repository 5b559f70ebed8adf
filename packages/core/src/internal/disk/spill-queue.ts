/**
 * A queue in memory before one on the disk. While there is room, entries pass through memory only. Once there is none, all of
 * them go to the disk, those in memory first; and through memory again once the disk has none any more.
 *
 * ```
 *   memory      put → [ memory ] → take
 *   disk        put → [ memory, emptied ] → [ disk ] → take
 *   returning   put → [ memory ]   [ disk: all was taken, and is made safe ]      nothing is given for the time of a sync
 * ```
 *
 * What passes through memory keeps its own way back, what went to the disk is done once it is safe there. An
 * acknowledgement covers everything before it: so the ones for the disk wait for what was given before, and nothing is
 * given from memory before all that the disk was given is safe.
 */

import { type Batch, isBatch } from '../../batch.ts'
import type { BudgetShare } from '../../byte-budget.ts'
import type { LogEntry } from '../../entry.ts'
import type { Origin, OriginBooks, OriginTracker } from '../../origin.ts'
import { BoundedQueue, type QueueBounds } from '../bounded-queue.ts'
import { BranchAcknowledgements } from '../branch-acknowledgements.ts'
import type { DiskQueue } from './disk-queue.ts'
import type { StageQueue } from './stage-queue.ts'

/** The tracker of what went to the disk of one source. */
class SpilledTracker implements OriginTracker, OriginBooks {
  readonly books = this
  readonly #source: OriginTracker
  readonly #safe: (origin: Origin) => void

  constructor(source: OriginTracker, safe: (origin: Origin) => void) {
    this.#source = source
    this.#safe = safe
  }

  acknowledge(origin: Origin): void {
    // Only origins that carry this tracker come here.
    this.#safe((origin as SpilledOrigin).parent)
  }

  deliver(origin: Origin, entries: number, branch?: string, first?: Origin): void {
    const { parent } = origin as SpilledOrigin
    this.#source.books?.deliver(parent, entries, branch, (first as SpilledOrigin | undefined)?.parent)
  }

  drop(first: Origin, last: Origin, entries: number, reason: string, branch?: string): void {
    this.#source.books?.drop((first as SpilledOrigin).parent, (last as SpilledOrigin).parent, entries, reason, branch)
  }

  fork(origin: Origin, branches: readonly string[], branch?: string): void {
    this.#source.books?.fork((origin as SpilledOrigin).parent, branches, branch)
  }

  failBranch(branch: string): void {
    this.#source.books?.failBranch(branch)
  }
}

class SpilledOrigin implements Origin {
  readonly tracker: SpilledTracker
  readonly parent: Origin

  constructor(tracker: SpilledTracker, parent: Origin) {
    this.tracker = tracker
    this.parent = parent
  }

  get sequence(): number {
    return this.parent.sequence
  }

  get id(): string {
    return this.parent.id
  }
}

export interface SpillQueueOptions {
  readonly disk: DiskQueue
  readonly bounds: Omit<QueueBounds, 'whenFull'>
  readonly share: BudgetShare | undefined
  /** There is something to take that was not there when `fill` said so. */
  readonly written: () => void
  /** Whether batches are read as they are; else those without lines reach nobody. */
  readonly sendsBatches: () => boolean
}

export class SpillQueue implements StageQueue {
  readonly #disk: DiskQueue
  readonly #memory: BoundedQueue
  readonly #options: SpillQueueOptions
  readonly #acknowledgements = new BranchAcknowledgements([''])
  readonly #trackers = new WeakMap<OriginTracker, SpilledTracker>()
  #way: 'memory' | 'disk' | 'returning'
  #isKept = false
  #spilled: () => void = () => {}

  constructor(options: SpillQueueOptions) {
    this.#options = options
    this.#disk = options.disk
    this.#memory = new BoundedQueue({ ...options.bounds, whenFull: 'block' }, options.share)
    // What an earlier run left comes first.
    this.#way = this.#disk.entriesHeld > 0 ? 'disk' : 'memory'
  }

  get entriesInMemory(): number {
    return this.#memory.entries
  }

  get bytesInMemory(): number {
    return this.#memory.bytes
  }

  get entriesHeld(): number {
    return this.#disk.entriesHeld + this.#memory.entries
  }

  get bytesHeld(): number {
    return this.#disk.bytesHeld
  }

  get segments(): number {
    return this.#disk.segments
  }

  get isWaitingForSpace(): boolean {
    return this.#disk.isWaitingForSpace
  }

  put(item: LogEntry | Batch): void {
    this.#acknowledgements.enter(item)
    if (this.#way === 'disk') return this.#toDisk(item)
    const overflow = this.#memory.put(item)
    if (overflow === undefined) return this.#options.written()
    this.spill()
    for (const left of overflow.out) this.#toDisk(left)
  }

  /** All that is in memory goes to the disk, and so does what comes. */
  spill(): void {
    this.#way = 'disk'
    this.#spilled()
    for (let item = this.#memory.take(); item !== undefined; item = this.#memory.take()) this.#toDisk(item)
  }

  #toDisk(item: LogEntry | Batch): void {
    const { origin } = item
    if (origin === undefined) return this.#disk.put(item)
    const tracker = this.#trackerOf(origin.tracker)
    if (isBatch(item)) this.#disk.put(item.withOrigins((parent) => new SpilledOrigin(tracker, parent)))
    else this.#disk.put({ ...item, origin: new SpilledOrigin(tracker, origin) })
  }

  #trackerOf(source: OriginTracker): SpilledTracker {
    let tracker = this.#trackers.get(source)
    if (tracker === undefined) {
      tracker = new SpilledTracker(source, (origin) => this.#passed(origin))
      this.#trackers.set(source, tracker)
    }
    return tracker
  }

  /** Done as soon as what was given from memory before it is. */
  #passed(origin: Origin): void {
    this.#acknowledgements.passed(0, { origin } as LogEntry, 'given')
  }

  whenReady(): void | Promise<void> {
    return this.#disk.whenReady()
  }

  settle(): Promise<void> {
    return this.#disk.settle()
  }

  take(): LogEntry | Batch | undefined {
    if (this.#way === 'disk') return this.#disk.take()
    if (this.#way === 'returning') return undefined
    for (;;) {
      const item = this.#memory.take()
      if (item === undefined) return undefined
      const isGiven = !isBatch(item) || item.count > 0 || this.#options.sendsBatches()
      if (isGiven) return this.#acknowledgements.given(0, item)
      this.#acknowledgements.passed(0, item, 'given')
    }
  }

  async fill(): Promise<boolean> {
    while (this.#way === 'disk' && !this.#isKept) {
      if (await this.#disk.fill()) return true
      if (this.#disk.entriesHeld > 0) return false
      this.#way = 'returning'
      // When memory is full meanwhile, the disk has to be read on: it may be full too, and wait for that.
      await Promise.race([this.#disk.settle(), new Promise<void>((resolve) => (this.#spilled = resolve))])
      if (this.#way === 'returning') this.#way = 'memory'
    }
    return this.#way === 'memory' && !this.#memory.isEmpty
  }

  keep(): void {
    this.#isKept = true
    this.spill()
  }

  whenAcknowledged(): Promise<void> {
    return this.#disk.whenAcknowledged()
  }

  async close(): Promise<void> {
    this.#options.share?.leave()
    await this.#disk.close()
  }
}
