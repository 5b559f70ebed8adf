/** One branch of a fan-out: what waits for it, and the stream that it is written to. */

import { finished, PassThrough, pipeline, type Writable } from 'node:stream'
import { type Batch, isBatch } from '../batch.ts'
import type { BudgetShare, ByteBudget } from '../byte-budget.ts'
import type { LogEntry } from '../entry.ts'
import { LogwispError } from '../errors.ts'
import type { StageStats } from '../stats.ts'
import { BoundedQueue, entriesOf, type QueueBounds } from './bounded-queue.ts'
import type { BranchAcknowledgements } from './branch-acknowledgements.ts'
import { destroyAll } from './destroy-all.ts'
import { Ledger } from './ledger.ts'
import { takesBatches } from './negotiation.ts'

/** What a branch is and whom it tells. */
export interface FanOutBranchOptions {
  /** Its place among the branches. */
  readonly index: number
  /** What the books of a source call it. */
  readonly name: string
  /** Streams, and functions that `pipeline` takes for streams. */
  readonly stages: readonly unknown[]
  /** The bounds of the queue of a branch that drops; undefined for one that makes the fan-out wait. */
  readonly bounds: QueueBounds | undefined
  /** What else bounds that queue. */
  readonly budget: ByteBudget | undefined
  readonly acknowledgements: BranchAcknowledgements
  /** Nothing waits any more. */
  readonly onIdle: () => void
  /** All its streams are closed: because of an error, by themselves, or because they were told to. */
  readonly onClosed: (error: Error | undefined) => void
}

export class FanOutBranch {
  readonly name: string
  readonly stages: readonly unknown[]
  readonly #index: number
  readonly #bounds: QueueBounds | undefined
  readonly #acknowledgements: BranchAcknowledgements
  readonly #onIdle: () => void
  readonly #chain: readonly unknown[]
  readonly #head: Writable
  readonly #takesBatches: boolean
  readonly #ledger = new Ledger()
  /** What waits: in the queue of a branch that drops, else the few items of the write that the fan-out is at. */
  readonly #queue: BoundedQueue | undefined
  readonly #share: BudgetShare | undefined
  #waiting: (LogEntry | Batch)[] = []
  /** The batch that is being written entry by entry. */
  #batch: Batch | undefined
  #entries: Iterator<LogEntry> | undefined
  #entriesLeft = 0
  #ready: boolean
  #pumping = false
  #ending = false
  #closed = false
  #failed = false

  constructor({ index, name, stages, bounds, budget, acknowledgements, onIdle, onClosed }: FanOutBranchOptions) {
    this.#index = index
    this.name = name
    this.stages = stages
    this.#bounds = bounds
    this.#acknowledgements = acknowledgements
    this.#onIdle = onIdle
    this.#share =
      bounds &&
      budget?.join({
        name: `fanOut branch ${name}`,
        ...(bounds.whenFull === 'drop-oldest' && { giveBack: (bytes) => this.#giveBack(bytes) }),
      })
    this.#queue = bounds && new BoundedQueue(bounds, this.#share)
    const [first] = stages
    // A function can be written to only behind a stream.
    this.#chain = typeof first === 'function' ? [new PassThrough({ objectMode: true }), ...stages] : stages
    this.#head = this.#chain[0] as Writable
    this.#takesBatches = takesBatches(this.#head)
    this.#ready = !this.#head.writableNeedDrain
    this.#head.on('drain', () => {
      this.#ready = true
      this.#pump()
    })
    const closed = (error?: Error | null): void => {
      const failure = error ?? this.#earlyEnd
      this.#closed = true
      this.#failed = failure !== undefined
      this.#share?.leave()
      onClosed(failure)
    }
    if (this.#chain.length === 1) finished(this.#head, { readable: false }, closed)
    else pipeline(this.#chain as readonly NodeJS.ReadWriteStream[], closed)
  }

  /** Whether it was told that nothing more comes. */
  get ending(): boolean {
    return this.#ending
  }

  /** Whether all its streams are closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** Whether the fan-out must wait for it. */
  get blocks(): boolean {
    return this.#queue === undefined && !this.#closed && !this.#idle
  }

  /** Its books: what was offered to it, written to it, dropped. */
  get stats(): StageStats {
    return this.#ledger.snapshot(this.#held)
  }

  get #idle(): boolean {
    return (
      this.#entries === undefined && this.#waiting.length === 0 && (this.#queue === undefined || this.#queue.isEmpty)
    )
  }

  /** Node takes a stream that is destroyed after `end()`, before it has finished, for one that has. */
  get #earlyEnd(): Error | undefined {
    const isEarly = (stage: unknown): boolean => {
      const { destroyed, writableFinished } = stage as Partial<Writable>
      return destroyed === true && writableFinished === false
    }
    if (!this.#ending || !this.#chain.some(isEarly)) return undefined
    const what = `branch ${this.#index} was closed before it had finished`
    return new LogwispError('BRANCH_FAILED', `${what}: let it finish, or set whenFailed to 'continue' for it`)
  }

  get #held(): number {
    let held = this.#entriesLeft + (this.#queue?.entries ?? 0)
    for (const item of this.#waiting) held += entriesOf(item)
    return held
  }

  /** Writes an item, lets it wait, or drops it. */
  offer(item: LogEntry | Batch): void {
    this.#ledger.took(entriesOf(item))
    if (this.#closed) return this.#ledger.droppedItem('branch-failed', item, this.name)
    // Past the queue when nothing is ahead: a batch larger than the queue is no loss to a branch that is ready for it.
    if (this.#queue === undefined || (this.#ready && this.#idle)) this.#waiting.push(item)
    else this.#enqueue(this.#queue, item)
    this.#pump()
  }

  #enqueue(queue: BoundedQueue, item: LogEntry | Batch): void {
    const overflow = queue.put(item)
    const kept = overflow === undefined ? item : overflow.kept
    if (kept !== undefined) this.#acknowledgements.kept(this.#index, kept)
    if (overflow === undefined) return
    // The newest are behind all that is queued; the oldest only behind what was written.
    const behind = this.#bounds?.whenFull === 'drop-newest' ? 'kept' : 'given'
    this.#drop(overflow.byBudget === true ? 'budget-full' : 'branch-full', overflow.out, behind)
  }

  /** The budget wants some of it for another stage. */
  #giveBack(bytes: number): void {
    this.#drop('budget-full', this.#queue?.giveBack(bytes) ?? [], 'given')
    if (this.#idle) this.#pump()
  }

  #drop(reason: string, items: readonly (LogEntry | Batch)[], behind: 'kept' | 'given'): void {
    for (const item of items) {
      this.#ledger.droppedItem(reason, item, this.name)
      this.#acknowledgements.passed(this.#index, item, behind)
    }
  }

  /** Nothing more will be offered: its input ends once what waits is written. */
  end(): void {
    this.#ending = true
    this.#pump()
  }

  /** It is out: what waits for it is dropped. */
  abandon(): void {
    const drop = (item: LogEntry | Batch): void => this.#ledger.droppedItem('branch-failed', item, this.name)
    if (this.#batch !== undefined) drop(this.#batch.split(this.#batch.count - this.#entriesLeft)[1])
    this.#entries = undefined
    this.#batch = undefined
    this.#entriesLeft = 0
    for (const item of this.#waiting.splice(0)) drop(item)
    for (let item = this.#queue?.take(); item !== undefined; item = this.#queue?.take()) drop(item)
    this.#onIdle()
  }

  /** Calls back when its streams have closed. One that has come to its end is left as it is: it may be read elsewhere. */
  destroy(error: Error | null, callback: () => void): void {
    if (this.#closed && this.#ending && !this.#failed) callback()
    else destroyAll(this.#chain, error, callback)
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    // Not writable: its end was noticed by Node already, and will be told to us.
    while (this.#ready && this.#head.writable) {
      if (this.#entries !== undefined) {
        this.#writeEntry(this.#entries, this.#batch as Batch)
        continue
      }
      const item = this.#waiting.shift() ?? this.#queue?.take()
      if (item === undefined) break
      this.#write(item)
    }
    this.#pumping = false
    if (!this.#idle) return
    this.#onIdle()
    if (this.#ending && !this.#head.writableEnded) this.#head.end()
  }

  #write(item: LogEntry | Batch): void {
    if (!isBatch(item) || this.#takesBatches) {
      this.#ledger.gave(entriesOf(item))
      this.#ready = this.#head.write(this.#acknowledgements.given(this.#index, item))
    } else if (item.count === 0) {
      this.#acknowledgements.passed(this.#index, item, 'given')
    } else {
      this.#batch = item
      this.#entriesLeft = item.count
      this.#entries = (this.#acknowledgements.given(this.#index, item) as Batch)[Symbol.iterator]()
    }
  }

  #writeEntry(entries: Iterator<LogEntry>, batch: Batch): void {
    let entry = entries.next().value as LogEntry
    this.#entriesLeft--
    if (this.#entriesLeft === 0) {
      this.#entries = undefined
      this.#batch = undefined
      entry = this.#acknowledgements.lastGiven(this.#index, entry, batch)
    }
    this.#ledger.gave(1)
    this.#ready = this.#head.write(entry)
  }
}
