/**
 * The batch: what travels between two stages of LogWisp instead of single entries.
 *
 * A batch is the bytes of one read block and the lines of it that are still selected. Nothing is decoded, split or
 * detected before somebody asks; a filter makes a new batch over the same bytes, and a file sink writes byte ranges.
 *
 * ```
 *   bytes   2026… INFO a\n2026… WARN b\n2026… INFO c\n2026… WARN d\n
 *           |            |             |            |             |
 *   window  from                                                  to      what an acknowledgement of it covers
 *   runs                 [start   end)              [start    end)        the selected lines, adjacent ones as one run
 * ```
 */

import type { LogEntry, LogLevel } from './entry.ts'
import { findLevel } from './find-level.ts'
import { findTime, type TimeOptions } from './find-time.ts'
import type { Origin } from './origin.ts'
import { type ByteScan, scanBytes } from './scan-bytes.ts'

/** Two copies of this package (ESM and CJS) know each other's batches by it; a new layout gets a new number. */
const brand: unique symbol = Symbol.for('@logwisp/batch/1') as never

const lineFeed = 10
const carriageReturn = 13

/** Below this share of selected bytes, a line's text is copied out, so that keeping one line keeps no whole block. */
const denseShare = 1 / 4

/** Ids that follow from places: a line that starts at byte `start` of the block has `prefix` and the number `base + start`. */
export interface LineIds {
  /** What all of them begin with. */
  readonly prefix: string
  /** The number of a line at the block's first byte. */
  readonly base: number
}

/** Gives the origins of a block's lines. */
export interface BatchOrigins {
  /**
   * How the ids of all lines follow from their places, when they do: whoever keeps a batch then need not keep an id for
   * each line.
   */
  readonly ids?: LineIds | undefined
  /**
   * The origin of the line at bytes `start` to `end` of the block, `end` being past its line ending.
   * Asked with `start === end` it is that of the place between two lines: everything before it is covered.
   */
  at(start: number, end: number): Origin
}

/** What a source knows of a block that it has read. */
export interface BlockOptions {
  /**
   * UTF-8 text: whole lines, each with its line ending (`\n` or `\r\n`); only the last may lack it.
   * The batch keeps these bytes: never write to them again.
   */
  readonly bytes: Buffer
  /** The `source` of its entries. */
  readonly source: string
  /** When it was read, in ms since the epoch: the time of lines that tell none. */
  readonly time: number
  /** The time zone of lines that tell none. */
  readonly zone?: TimeOptions['zone'] | undefined
  /** The way back, for sources that can read again. */
  readonly origins?: BatchOrigins | undefined
  /** What `scanBytes` said of `bytes`, from a source that had to ask; without it the batch asks when it is asked. */
  readonly scan?: ByteScan | undefined
}

/** What all batches over the same bytes share. */
class Block {
  readonly bytes: Buffer
  readonly source: string
  readonly time: number
  readonly timeOptions: TimeOptions | undefined
  #scan: ByteScan | undefined
  #text: string | undefined

  constructor({ bytes, source, time, zone, scan }: BlockOptions) {
    this.bytes = bytes
    this.source = source
    this.time = time
    this.timeOptions = zone === undefined ? undefined : { zone }
    this.#scan = scan
  }

  get scan(): ByteScan {
    this.#scan ??= scanBytes(this.bytes)
    return this.#scan
  }

  /** How many lines it has; an unterminated last line is one. */
  get lines(): number {
    const { length } = this.bytes
    const endsOpen = length > 0 && this.bytes[length - 1] !== lineFeed
    return endsOpen ? this.scan.lineFeeds + 1 : this.scan.lineFeeds
  }

  get ascii(): boolean {
    return this.scan.isAscii
  }

  get returns(): boolean {
    return this.scan.hasCarriageReturns
  }

  get text(): string {
    this.#text ??= this.bytes.toString(this.ascii ? 'latin1' : 'utf8')
    return this.#text
  }

  /**
   * Whoever takes the bytes ends the way of a batch, mostly. A text kept along with them would be moved by each
   * collection of garbage for as long as they wait to be written: 114 MB resident instead of 92, and 5 % of the time.
   */
  forgetText(): void {
    this.#text = undefined
  }
}

/** Pairs of start and end, in order. */
type Runs = Int32Array | readonly number[]

/** The lines of one read block that are still selected. Immutable; filters derive new ones from it. */
export class Batch implements Iterable<LogEntry> {
  readonly [brand] = true
  readonly #block: Block
  readonly #origins: BatchOrigins | undefined
  readonly #from: number
  readonly #to: number
  readonly #runs: Int32Array | undefined
  #count: number
  readonly #selected: number

  private constructor(
    block: Block,
    origins: BatchOrigins | undefined,
    from: number,
    to: number,
    runs: Int32Array | undefined,
    count: number,
  ) {
    this.#block = block
    this.#origins = origins
    this.#from = from
    this.#to = to
    this.#runs = runs
    this.#count = count
    this.#selected = runs === undefined ? to - from : lengthOf(runs)
  }

  /** A batch of every line of a block. */
  static of(options: BlockOptions): Batch {
    return new Batch(new Block(options), options.origins, 0, options.bytes.length, undefined, -1)
  }

  /** How many lines are selected. */
  get count(): number {
    // Only a batch of a whole block is made without it.
    if (this.#count < 0) this.#count = this.#block.lines
    return this.#count
  }

  /** How many bytes the selected lines have, line endings included. */
  get byteLength(): number {
    return this.#selected
  }

  /** The `source` of its entries. */
  get source(): string {
    return this.#block.source
  }

  /** When the block was read, in ms since the epoch. */
  get time(): number {
    return this.#block.time
  }

  /** The time zone of lines that tell none; undefined for that of this process. */
  get zone(): TimeOptions['zone'] | undefined {
    return this.#block.timeOptions?.zone
  }

  /** How the ids of its lines follow from their places in {@link bytes}, when that is known. */
  get ids(): LineIds | undefined {
    return this.#origins?.ids
  }

  /** The whole block's bytes: offsets given by this batch are places in it. Never write to them. */
  get bytes(): Buffer {
    return this.#block.bytes
  }

  /** Whether the block is pure ASCII, so that a place in {@link text} is the same place in {@link bytes}. */
  get ascii(): boolean {
    return this.#block.ascii
  }

  /** The whole block, decoded once for all batches over it. Bytes that are no UTF-8 read as U+FFFD. */
  get text(): string {
    return this.#block.text
  }

  /** Whether the block has a carriage return anywhere; if not, every line ends in a bare `\n`. */
  get hasCarriageReturns(): boolean {
    return this.#block.returns
  }

  /**
   * The place that this batch ends at: acknowledging it covers its lines and the lines that were dropped from it.
   * Undefined when its source cannot read again.
   */
  get origin(): Origin | undefined {
    return this.#origins?.at(this.#to, this.#to)
  }

  /** Visits the runs of selected lines in order, as byte ranges with line endings. */
  forEachRun(visit: (start: number, end: number) => void): void {
    const runs = this.#runs
    if (runs === undefined) {
      if (this.#to > this.#from) visit(this.#from, this.#to)
      return
    }
    for (let i = 0; i < runs.length; i += 2) visit(runs[i] as number, runs[i + 1] as number)
  }

  /**
   * Visits the selected lines in order. `start` to `end` are the line's bytes without its line ending,
   * `next` is where the line after it starts.
   */
  forEachLine(visit: (start: number, end: number, next: number) => void): void {
    const { bytes, returns } = this.#block
    this.forEachRun((start, end) => {
      for (let at = start; at < end; ) {
        const next = nextLine(bytes, at, end)
        visit(at, contentEnd(bytes, at, next, returns), next)
        at = next
      }
    })
  }

  /** Keeps the lines that `keep` says yes to; asked with what {@link forEachLine} visits with. */
  select(keep: (start: number, end: number, next: number) => boolean): Batch {
    const runs = new RunList()
    this.forEachLine((start, end, next) => {
      if (keep(start, end, next)) runs.add(start, next)
    })
    return this.withRuns(runs)
  }

  /** Keeps exactly these runs, which must be ordered, of whole lines, and part of this batch's own. */
  withRuns(runs: RunList): Batch {
    if (runs.count === 0) return this.withoutLines()
    return new Batch(this.#block, this.#origins, this.#from, this.#to, runs.toArray(), runs.count)
  }

  /** Keeps the lines that `other`, a selection from this batch, does not have. */
  without(other: Batch): Batch {
    const removed: number[] = []
    other.forEachRun((start, end) => void removed.push(start, end))
    const runs = new RunList()
    const last = removed.length
    let next = 0
    // The lines are counted once, for all runs together: the two counts are known, or cost one pass each.
    let uncounted = this.count - other.count
    const keep = (start: number, end: number): void => {
      if (start >= end) return
      runs.add(start, end, uncounted)
      uncounted = 0
    }
    this.forEachRun((start, end) => {
      let at = start
      for (; next < last && (removed[next] as number) < end; next += 2) {
        keep(at, removed[next] as number)
        at = removed[next + 1] as number
      }
      keep(at, end)
    })
    return this.withRuns(runs)
  }

  /** Keeps no line, and so no block in memory, yet still says how far its source has come. */
  withoutLines(): Batch {
    const { origin, source, time } = this
    return Batch.of({ bytes: noBytes, source, time, origins: origin && { at: () => origin } })
  }

  /** Two batches: the first `count` selected lines, and the rest. Acknowledging the first covers nothing of the second. */
  split(count: number): [head: Batch, tail: Batch] {
    const head = new RunList()
    const tail = new RunList()
    let cut = this.#from
    this.forEachLine((start, _end, next) => {
      if (head.count < count) {
        head.add(start, next)
        cut = next
      } else {
        tail.add(start, next)
      }
    })
    if (tail.count === 0) return [this, this.#part(this.#to, this.#to, tail)]
    return [this.#part(this.#from, cut, head), this.#part(cut, this.#to, tail)]
  }

  #part(from: number, to: number, runs: RunList): Batch {
    return new Batch(this.#block, this.#origins, from, to, runs.toArray(), runs.count)
  }

  /** The same lines with another way back; `map` gets the origin that a line, or the batch, had, and keeps its id. */
  withOrigins(map: (origin: Origin) => Origin): Batch {
    const origins = this.#origins
    if (origins === undefined) return this
    const mapped: BatchOrigins = { ids: origins.ids, at: (start, end) => map(origins.at(start, end)) }
    return new Batch(this.#block, mapped, this.#from, this.#to, this.#runs, this.#count)
  }

  /** The same lines with this way back, whether they had one or none; asked with places in {@link bytes}. */
  withNewOrigins(origins: BatchOrigins): Batch {
    return new Batch(this.#block, origins, this.#from, this.#to, this.#runs, this.#count)
  }

  /**
   * The same lines in a block of their own: for who keeps batches, and would keep a whole read block for a few lines of
   * it. Its lines have the origins that they had, and so has the batch.
   */
  compact(): Batch {
    const { bytes: shared, source, time, timeOptions } = this.#block
    const runs = this.#allRuns
    // Slow, since a slice of Node's pool would keep 8 KiB for a line.
    const bytes = Buffer.allocUnsafeSlow(this.#selected)
    let at = 0
    for (let i = 0; i < runs.length; i += 2) at += shared.copy(bytes, at, runs[i], runs[i + 1])
    const origins = this.#origins === undefined ? undefined : originsOfRuns(this.#origins, runs, this.#to)
    const block = new Block({ bytes, source, time, zone: timeOptions?.zone })
    return new Batch(block, origins, 0, bytes.length, undefined, this.#count)
  }

  /** The origin of a line, without making its entry; asked with what {@link forEachLine} visits with. */
  originOf(start: number, next: number): Origin | undefined {
    return this.#origins?.at(start, next)
  }

  get #allRuns(): Runs {
    return this.#runs ?? [this.#from, this.#to]
  }

  /** The origins of its first and its last line but for those that `kept`, a selection from this batch, has. */
  endsWithout(kept?: Batch): { readonly first: Origin; readonly last: Origin } | undefined {
    const origins = this.#origins
    if (origins === undefined || this.count === (kept?.count ?? 0)) return undefined
    const runs = this.#allRuns
    // A batch without lines may be one of another block.
    const keptRuns = kept === undefined || kept.count === 0 ? noRuns : kept.#allRuns
    const { bytes } = this.#block
    const start = firstWithout(runs, keptRuns)
    const end = lastWithout(runs, keptRuns)
    // Of one byte the one before it is asked for, which would count from the end.
    const lastStart = end < 2 ? 0 : bytes.lastIndexOf(lineFeed, end - 2) + 1
    return { first: origins.at(start, nextLine(bytes, start, end)), last: origins.at(lastStart, end) }
  }

  /** The message of the line whose bytes, without its line ending, are `start` to `end`. */
  message(start: number, end: number): string {
    const { ascii, bytes } = this.#block
    return bytes.toString(ascii ? 'latin1' : 'utf8', start, end)
  }

  /** The level that the line at bytes `start` to `end` tells, if any. Makes no string when the block is ASCII. */
  level(start: number, end: number): LogLevel | undefined {
    if (this.#block.ascii) return findLevel(this.#block.text, start, end)
    const message = this.message(start, end)
    return findLevel(message, 0, message.length)
  }

  /** The entry of one line; asked with what {@link forEachLine} visits with. Makes a new one at each call. */
  entry(start: number, end: number, next: number): LogEntry {
    return this.#entry(start, end, next)
  }

  /** Acknowledging it covers the block up to `through`. */
  #entry(start: number, end: number, through: number): LogEntry {
    const { time, timeOptions, source } = this.#block
    const message = this.#sparse ? this.message(start, end) : this.#block.text.slice(start, end)
    const told = findTime(message, 0, message.length, time, timeOptions)
    return {
      time: Number.isNaN(told) ? time : told,
      source,
      level: findLevel(message, 0, message.length),
      message,
      // With its place kept, `{ ...entry, fields }` has the shape of the entry itself; without it V8 made a new shape for each
      // such object, and every stage after that looked its properties up anew: 30 % of the time.
      fields: undefined,
      origin: this.#origins?.at(start, through),
    }
  }

  /**
   * Whether to copy a line's text out. A slice of the block's text is quicker, but keeps the whole text alive for as
   * long as the entry lives, which is only worth it when most of the block is wanted.
   */
  get #sparse(): boolean {
    return !this.#block.ascii || (this.#runs !== undefined && this.#selected < this.#block.bytes.length * denseShare)
  }

  /**
   * The selected lines as entries, in order, made as they are asked for. Acknowledging the last covers what was dropped
   * behind it.
   */
  *[Symbol.iterator](): IterableIterator<LogEntry> {
    const { bytes, returns } = this.#block
    const runs = this.#allRuns
    for (let run = 0; run < runs.length; run += 2) {
      const end = runs[run + 1] as number
      for (let at = runs[run] as number; at < end; ) {
        const next = nextLine(bytes, at, end)
        const isLast = next === end && run + 2 === runs.length
        yield this.#entry(at, contentEnd(bytes, at, next, returns), isLast ? this.#to : next)
        at = next
      }
    }
  }

  /** The selected lines as bytes, each ended by a bare `\n`: the same as each entry's message and a line feed. */
  toBytes(): Buffer {
    const { bytes, returns } = this.#block
    this.#block.forgetText()
    const endsOpen = this.#to === bytes.length && this.#to > this.#from && bytes[this.#to - 1] !== lineFeed
    if (!endsOpen) {
      const runs = this.#allRuns
      const selected = runs.length === 2 ? bytes.subarray(runs[0], runs[1]) : joinRuns(bytes, runs)
      // Few of a block's lines may have the carriage returns.
      if (!returns || !selected.includes(carriageReturn)) return selected
    }
    const parts: Buffer[] = []
    this.forEachLine((start, end) => parts.push(bytes.subarray(start, end), endOfLine))
    return Buffer.concat(parts)
  }
}

/** Collects runs of lines in order; adjacent lines become one run. */
export class RunList {
  #ends: number[] = []
  #count = 0

  /** How many lines were added. */
  get count(): number {
    return this.#count
  }

  /** Adds the lines at bytes `start` to `end`, line endings included: one line unless `lines` says how many. */
  add(start: number, end: number, lines = 1): void {
    const ends = this.#ends
    this.#count += lines
    if (ends.length > 0 && ends[ends.length - 1] === start) ends[ends.length - 1] = end
    else ends.push(start, end)
  }

  /** Pairs of start and end. */
  toArray(): Int32Array {
    // Not `from`, which goes by the array's iterator and takes ten times as long.
    return new Int32Array(this.#ends)
  }
}

/** Whether a chunk is a batch, of whichever copy of this package. */
export function isBatch(chunk: unknown): chunk is Batch {
  return typeof chunk === 'object' && chunk !== null && brand in chunk
}

/** The largest stretch of a block whose runs are moved together; no more than this is kept for it. */
const maxWorkspaceBytes = 256 * 1024

/** With fewer runs than one in twice this many bytes, copying what lies between them is not worth it. */
const maxBytesPerEnd = 2048

/** Where runs are moved together, within one call. */
let workspace: Buffer | undefined

/**
 * The bytes of many runs, one after the other.
 *
 * `Buffer.copy` makes a view for each run, which costs more than moving a line does: 14 µs for 96 lines of a block of
 * 64 KiB. `copyWithin` makes none: with the whole block copied first, and its runs moved together there, it is 7 µs.
 */
function joinRuns(bytes: Buffer, runs: Runs): Buffer {
  const from = runs[0] as number
  const to = runs[runs.length - 1] as number
  const isWorthIt = to - from <= Math.min(maxWorkspaceBytes, runs.length * maxBytesPerEnd)
  if (!isWorthIt) {
    const parts: Buffer[] = []
    for (let i = 0; i < runs.length; i += 2) parts.push(bytes.subarray(runs[i], runs[i + 1]))
    return Buffer.concat(parts)
  }
  workspace ??= Buffer.allocUnsafeSlow(maxWorkspaceBytes)
  let length = 0
  workspace.set(bytes.subarray(from, to))
  for (let i = 0; i < runs.length; i += 2) {
    const start = (runs[i] as number) - from
    const end = (runs[i + 1] as number) - from
    workspace.copyWithin(length, start, end)
    length += end - start
  }
  return Buffer.from(workspace.subarray(0, length))
}

const endOfLine = Buffer.from('\n')
const noBytes = Buffer.alloc(0)
const noRuns: Runs = []

/** The origins of a block made of `runs` of another one; its end is the place `to` there. */
function originsOfRuns(origins: BatchOrigins, runs: Runs, to: number): BatchOrigins {
  const starts = new Int32Array(runs.length / 2)
  let length = 0
  for (let run = 0; run < starts.length; run++) {
    starts[run] = length
    length += (runs[2 * run + 1] as number) - (runs[2 * run] as number)
  }
  return {
    at(start, end) {
      if (start === length) return origins.at(to, to)
      // A place between two runs is the end of the first: what was dropped after it is not covered yet.
      const within = start === end ? start - 1 : start
      let low = 0
      let high = starts.length - 1
      while (low < high) {
        const middle = (low + high + 1) >>> 1
        if ((starts[middle] as number) <= within) low = middle
        else high = middle - 1
      }
      const moved = (runs[2 * low] as number) - (starts[low] as number)
      return origins.at(start + moved, end === length ? to : end + moved)
    },
  }
}

/** Where `runs` first have something that `kept`, a part of them, has not. */
function firstWithout(runs: Runs, kept: Runs): number {
  let next = 0
  for (let run = 0; run < runs.length; run += 2) {
    let at = runs[run] as number
    while (next < kept.length && kept[next] === at) at = kept[(next += 2) - 1] as number
    if (at < (runs[run + 1] as number)) return at
  }
  return -1
}

/** Where `runs` last have something that `kept`, a part of them, has not: its end. */
function lastWithout(runs: Runs, kept: Runs): number {
  let next = kept.length - 1
  for (let run = runs.length - 1; run > 0; run -= 2) {
    let at = runs[run] as number
    while (next > 0 && kept[next] === at) at = kept[(next -= 2) + 1] as number
    if (at > (runs[run - 1] as number)) return at
  }
  return -1
}

function lengthOf(runs: Int32Array): number {
  let length = 0
  for (let i = 0; i < runs.length; i += 2) length += (runs[i + 1] as number) - (runs[i] as number)
  return length
}

/** Where the line after the one at `start` starts, at most `end`. */
function nextLine(bytes: Buffer, start: number, end: number): number {
  const feed = bytes.indexOf(lineFeed, start)
  return feed === -1 || feed >= end ? end : feed + 1
}

/** Where the text of the line at `start` ends: before its line ending. */
function contentEnd(bytes: Buffer, start: number, next: number, returns: boolean): number {
  let end = next
  if (end > start && bytes[end - 1] === lineFeed) {
    end--
    if (returns && end > start && bytes[end - 1] === carriageReturn) end--
  }
  return end
}
