/** A disk queue on a model disk, through crashes: does what it is told, and knows what must be true of it. */

import { expect, vi } from 'vitest'
import { acknowledge, type Batch, isBatch, type LogEntry, type OriginBooks } from '../../src/index.ts'
import { DiskQueue } from '../../src/internal/disk/disk-queue.ts'
import type { DiskQueueSettings } from '../../src/internal/disk/disk-queue-settings.ts'
import { positionOfName, segmentHeadBytes } from '../../src/internal/disk/segment-format.ts'
import { SpillQueue } from '../../src/internal/disk/spill-queue.ts'
import type { StageQueue } from '../../src/internal/disk/stage-queue.ts'
import { SyncedMark } from '../../src/internal/disk/synced-mark.ts'
import { RecordingTracker } from '../../src/testing.ts'
import type { Choices } from './choices.ts'
import type { CrashPlan, ModelDisk } from './model-disk.ts'

/** What is done to the queue. Sizes are the lengths of lines. */
export type QueueAction =
  | { readonly kind: 'batch'; readonly from: number; readonly sizes: readonly number[] }
  | { readonly kind: 'entry'; readonly from: number | undefined; readonly size: number; readonly fields: boolean }
  | { readonly kind: 'mark'; readonly from: number }
  | { readonly kind: 'take'; readonly count: number }
  | { readonly kind: 'acknowledge'; readonly count: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'reopen' }

/** How a run ends. */
export interface RunEnd {
  readonly crash: CrashPlan | undefined
  /** Whether the power goes too, or only the program dies. */
  readonly losesPower: boolean
  /** Whether a byte turns then, in what is known to be synced. For the last life only: what it costs is told of at each opening. */
  readonly rots?: boolean
}

const directory = '/spool'

/** Remembers which entries its books say were dropped. */
class Upstream extends RecordingTracker {
  readonly dropped: { readonly from: number; readonly to: number }[] = []
  readonly books: OriginBooks = {
    deliver: () => {},
    drop: (first, last) => {
      this.dropped.push({ from: first.sequence, to: last.sequence })
    },
    fork: () => {},
    failBranch: () => {},
  }
}

interface Put {
  readonly order: number
  readonly entry: LogEntry
}

export class DiskWorld {
  readonly settings: DiskQueueSettings
  /** What happened, over all runs: so that a test can tell that it happens at all. */
  readonly seen: Record<string, number> = {}
  #disk: ModelDisk
  #queue: StageQueue | undefined
  /** How much memory stands before the disk, as in a spill buffer; none, as in a disk buffer. */
  readonly #memoryEntries: number
  /** Everything that was ever put, by its text. */
  readonly #known = new Map<string, Put>()
  /** What the queue may give: what was found at the beginning of the run and what was put since, in order. */
  #existing: string[] = []
  /** What must not be lost: acknowledged to where it came from, and not done. */
  #safe = new Set<string>()
  /** Acknowledged by who took it. */
  readonly #done = new Set<string>()
  /** Of these, those of this run. */
  readonly #doneNow = new Set<string>()
  readonly #idOf = new Map<string, string>()
  readonly #messageOf = new Map<string, string>()
  #upstreams: Upstream[] = []
  #putNow: { readonly message: string; readonly upstream: Upstream | undefined; readonly sequence: number }[] = []
  #taken: (LogEntry | Batch)[] = []
  #lastTaken = -1
  #count = 0
  #calls = 0
  #isFailed = false

  constructor(settings: DiskQueueSettings, disk: ModelDisk, memoryEntries = 0) {
    this.settings = settings
    this.#memoryEntries = memoryEntries
    this.#disk = disk
  }

  /** One life of the program: opens the queue, acts, and ends as said; then looks at what is left. */
  async live(
    actions: readonly QueueAction[],
    { crash, losesPower, rots = false }: RunEnd,
    choices: Choices,
  ): Promise<void> {
    this.#disk = this.#disk.afterKill({ crash })
    await this.#begin()
    for (const action of actions) {
      if (this.#isFailed || this.#disk.isDown) break
      await this.#act(action)
      this.#checkBounds()
    }
    this.#saw(this.#disk.isDown ? 'cut off within a call' : 'cut off at rest')
    if (this.#isFailed && !this.#disk.isDown) throw new Error('the queue failed although the disk did not')
    this.#calls = this.#disk.operations.length
    this.#disk.cutPower()
    await this.#end(losesPower)
    this.#disk = losesPower ? this.#disk.afterPowerLoss(choices) : this.#disk.afterKill()
    const isRotten = rots && (await this.#rot(choices))
    await this.#checkWhatIsLeft(!losesPower && !isRotten, { isRotten })
  }

  /** Turns a byte somewhere in the records before the place that is noted as synced; false when there is none. */
  async #rot(choices: Choices): Promise<boolean> {
    const { synced } = await SyncedMark.load(this.#disk.afterKill(), directory, () => {})
    const places = Object.entries(this.#disk.sizes(directory)).flatMap(([name, size]) => {
      const from = positionOfName(name)
      if (from === undefined) return []
      const bytes = Math.min(size, segmentHeadBytes + synced.position - from)
      return bytes > segmentHeadBytes ? [{ path: `${directory}/${name}`, bytes }] : []
    })
    if (places.length === 0) return false
    const { path, bytes } = places[choices.pick(places.length)] as { path: string; bytes: number }
    this.#disk.rot(path, segmentHeadBytes + choices.pick(bytes - segmentHeadBytes))
    this.#saw('bytes turned')
    return true
  }

  /** How many calls the last run made that change something on the disk, until it was cut off. */
  get calls(): number {
    return this.#calls
  }

  #saw(what: string, times = 1): void {
    this.seen[what] = (this.seen[what] ?? 0) + times
  }

  async #begin(): Promise<void> {
    this.#isFailed = false
    this.#upstreams = [new Upstream('a'), new Upstream('b')]
    for (const [index, upstream] of this.#upstreams.entries()) {
      // Ids of this run's lines: those of the runs before are other lines.
      upstream.batch(['x'.repeat(this.#count * 100 + index)])
    }
    this.#putNow = []
    this.#taken = []
    this.#doneNow.clear()
    this.#lastTaken = -1
    const queue = await this.#open(this.#disk).catch(() => undefined)
    if (queue === undefined) this.#isFailed = true
    else this.#queue = this.#spills ? this.#spillQueue(queue) : queue
  }

  get #spills(): boolean {
    return this.#memoryEntries > 0
  }

  #spillQueue(disk: DiskQueue): SpillQueue {
    const bounds = { maxEntries: this.#memoryEntries, maxBytes: Infinity }
    return new SpillQueue({ disk, bounds, share: undefined, written: () => {}, sendsBatches: () => true })
  }

  #open(disk: ModelDisk, told: { corrupt: number } = { corrupt: 0 }): Promise<DiskQueue> {
    return DiskQueue.open(disk, directory, this.settings, {
      warn: ({ code }) => {
        if (disk.isDown) return
        this.#saw(code)
      },
      failed: () => {
        this.#isFailed = true
      },
      written: () => {},
      dropped: (reason, entries) => {
        this.#saw(`entries dropped: ${reason}`, entries)
        if (reason === 'corrupt') told.corrupt += entries
        else if (this.settings.whenFull === 'drop-oldest') this.#droppedOldest(entries)
      },
    })
  }

  async #act(action: QueueAction): Promise<void> {
    const queue = this.#queue as StageQueue
    if (action.kind === 'batch') queue.put(this.#newBatch(action.from, action.sizes))
    else if (action.kind === 'entry') queue.put(this.#newEntry(action))
    else if (action.kind === 'mark') queue.put((this.#upstreams[action.from] as Upstream).batch(['-']).withoutLines())
    else if (action.kind === 'take') await this.#take(queue, action.count)
    else if (action.kind === 'acknowledge') this.#acknowledge(action.count)
    else if (action.kind === 'wait') await vi.advanceTimersByTimeAsync(action.ms)
    else if (action.kind === 'settle') await this.#settle(queue)
    else await this.#reopen(queue)
    await this.#disk.settle()
  }

  #newMessage(size: number): string {
    const name = `${this.#count++}.`
    return name + 'x'.repeat(Math.max(0, size - name.length))
  }

  #newBatch(from: number, sizes: readonly number[]): Batch {
    const upstream = this.#upstreams[from] as Upstream
    const batch = upstream.batch(sizes.map((size) => this.#newMessage(size)))
    for (const entry of batch) this.#remember(entry, upstream)
    return batch
  }

  #newEntry({ from, size, fields }: Extract<QueueAction, { kind: 'entry' }>): LogEntry {
    const message = this.#newMessage(size)
    const upstream = from === undefined ? undefined : this.#upstreams[from]
    const line = upstream?.entries([message])[0]
    const entry: LogEntry = {
      ...{ time: 1_000_000 + size, source: 'made', message },
      ...(fields && { level: 'warn', fields: { n: size, nested: { list: [1, null] } } }),
      ...(line?.origin && { origin: line.origin }),
    }
    this.#remember(entry, upstream)
    return entry
  }

  #remember(entry: LogEntry, upstream: Upstream | undefined): void {
    const { message, origin } = entry
    this.#known.set(message, { order: this.#known.size, entry })
    this.#existing.push(message)
    this.#saw('entries put')
    this.#putNow.push({ message, upstream, sequence: origin?.sequence ?? Infinity })
  }

  async #take(queue: StageQueue, count: number): Promise<void> {
    for (let taken = 0; taken < count; taken++) {
      if (!(await queue.fill())) return
      const item = queue.take() as LogEntry | Batch
      this.#taken.push(item)
      for (const entry of linesOf(item)) this.#lastTaken = this.#checkGiven(entry, this.#lastTaken)
    }
  }

  /** What is given is what was put, in order, under one id; returns its place in the order. */
  #checkGiven(entry: LogEntry, last: number): number {
    const { message, origin, ...rest } = entry
    const put = this.#known.get(message)
    expect(put, `nobody put ${message}`).toBeDefined()
    const { order, entry: before } = put as Put
    const { origin: way, message: _, ...was } = before
    expect(defined(rest)).toEqual(defined(was))
    expect(order, `${message} comes after what was put behind it`).toBeGreaterThan(last)
    // What has no id, and passes through memory, gets none.
    if (origin === undefined && this.#spills) return order
    const id = origin?.id as string
    if (way !== undefined) expect(id).toBe(way.id)
    expect(this.#messageOf.get(id) ?? message, `two entries have the id ${id}`).toBe(message)
    // After a crash an entry may have gone on to another segment only if it was put again, which is not done here.
    expect(this.#idOf.get(message) ?? id, `${message} has two ids`).toBe(id)
    this.#messageOf.set(id, message)
    this.#idOf.set(message, id)
    return order
  }

  #acknowledge(count: number): void {
    let left = count
    while (left > 0 && this.#taken.length > 0) {
      const item = this.#taken[0] as LogEntry | Batch
      const lines = linesOf(item)
      const now = lines.slice(0, left)
      if (now.length === lines.length) {
        this.#taken.shift()
        acknowledge(item)
      } else {
        acknowledge(now.at(-1) as LogEntry)
        this.#taken[0] = (item as Batch).split(left)[1]
      }
      for (const { message } of now) {
        this.#done.add(message)
        this.#doneNow.add(message)
      }
      left -= now.length
    }
  }

  /** Everything is as safe as it is to be then, whether it has a way back or not: unless it waits for room. */
  async #settle(queue: StageQueue): Promise<void> {
    const put = this.#putNow.map(({ message }) => message)
    let isSettled = false
    void queue.settle().then(() => {
      isSettled = true
    })
    await this.#disk.settle()
    if (!isSettled || this.#isFailed || this.#disk.isDown || this.settings.whenFull !== 'block') return
    // What passes through memory is safe only once it is acknowledged.
    if (this.#spills) return
    for (const message of put) this.#safe.add(message)
  }

  /** In between, nothing is lost and nothing acknowledged comes again. */
  async #reopen(queue: StageQueue): Promise<void> {
    queue.keep()
    await this.#settle(queue)
    await queue.close().catch(() => {})
    if (this.#disk.isDown) return
    expect(vi.getTimerCount()).toBe(0)
    this.#nowSafe()
    this.#disk = this.#disk.afterKill()
    await this.#checkWhatIsLeft(true, { isClosed: true })
    await this.#begin()
  }

  /** With `drop-oldest` what was taken and not acknowledged may go too. */
  #droppedOldest(entries: number): void {
    let left = entries
    for (const message of this.#existing) {
      const { order } = this.#known.get(message) as Put
      if (order <= this.#lastTaken) this.#safe.delete(message)
      else if (left-- > 0) {
        this.#safe.delete(message)
        this.#lastTaken = Math.max(this.#lastTaken, order)
      }
    }
  }

  /** What is acknowledged upstream may not be lost any more. */
  #nowSafe(): void {
    for (const { message, upstream, sequence } of this.#putNow) {
      if (upstream === undefined || sequence > upstream.mark) continue
      if (upstream.dropped.some(({ from, to }) => sequence >= from && sequence <= to)) continue
      this.#safe.add(message)
    }
    if (this.settings.whenFull === 'drop-oldest') this.#droppedOldest(0)
    for (const message of this.#done) this.#safe.delete(message)
  }

  async #end(losesPower: boolean): Promise<void> {
    this.#nowSafe()
    await this.#queue?.close().catch(() => {})
    await this.#disk.settle()
    vi.clearAllTimers()
    // Nothing was promised.
    if (losesPower && this.settings.fsync === 'never') this.#safe.clear()
  }

  /** Reads all of what the next run finds, on a copy. */
  async #checkWhatIsLeft(isWhole: boolean, { isClosed = false, isRotten = false } = {}): Promise<void> {
    const told = { corrupt: 0 }
    this.#isFailed = false
    const queue = await this.#open(this.#disk.afterKill(), told)
    const found: string[] = []
    let last = -1
    const held = queue.entriesHeld
    while (await queue.fill()) {
      for (const entry of linesOf(queue.take() as LogEntry | Batch)) {
        last = this.#checkGiven(entry, last)
        found.push(entry.message)
      }
    }
    expect(this.#isFailed).toBe(false)
    expect(queue.entriesHeld).toBe(0)
    expect(found.length + told.corrupt, 'what it says it holds is what it gives, or says is damaged').toBe(held)
    await queue.close()
    vi.clearAllTimers()
    const there = new Set(found)
    const lost = [...this.#safe].filter((message) => !there.has(message) && !this.#done.has(message))
    if (isRotten) {
      expect(lost.length, 'acknowledged, gone, and not told of').toBeLessThanOrEqual(told.corrupt)
      for (const message of lost) this.#safe.delete(message)
      this.#saw('entries lost to turned bytes, and told of', lost.length)
    } else expect(lost, 'acknowledged, and neither here nor given and acknowledged').toEqual([])
    const gone = this.#existing.filter((message) => !there.has(message))
    expect(told.corrupt, 'told of as lost, and not lost').toBeLessThanOrEqual(gone.length)
    if (isWhole) {
      expect(told.corrupt).toBe(0)
      this.#checkContiguous(found)
    }
    if (isClosed) expect(found.filter((message) => this.#doneNow.has(message))).toEqual([])
    this.#existing = found
    this.#saw('entries found', found.length)
    this.#saw('entries that had to be there', this.#safe.size)
  }

  /** Nothing is missing in the middle: but for what is dropped there. */
  #checkContiguous(found: readonly string[]): void {
    if (this.settings.whenFull !== 'block' || found.length === 0 || this.#spills) return
    const from = this.#existing.indexOf(found[0] as string)
    expect(found).toEqual(this.#existing.slice(from, from + found.length))
  }

  #checkBounds(): void {
    if (this.#disk.isDown) return
    const sizes = Object.entries(this.#disk.sizes(directory)).filter(([name]) => name.endsWith('.segment'))
    const onDisk = sizes.reduce((sum, [, size]) => sum + size, 0)
    expect(onDisk, `the segments are larger than they may: ${JSON.stringify(sizes)}`).toBeLessThanOrEqual(
      this.settings.maxBytes,
    )
    expect(this.#queue?.entriesHeld ?? 0).toBeGreaterThanOrEqual(0)
  }
}

function linesOf(item: LogEntry | Batch): LogEntry[] {
  return isBatch(item) ? [...item] : [item]
}

function defined(entry: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...entry }).filter(([, value]) => value !== undefined))
}
