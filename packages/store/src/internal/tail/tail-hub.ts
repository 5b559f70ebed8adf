/** Hears of every commit, reads each once, and lets all live tails have it. */

import { checkOptions, option } from '@logwisp/core'
import type { LogQuery } from '../../log-query.ts'
import { queryMatcher } from '../../query-matcher.ts'
import type { TailItem, TailOptions } from '../../query-results.ts'
import { packedSize, unpackEntry } from '../reader/entry-row.ts'
import type { FollowAnswer, FollowRequest } from '../reader/follow.ts'
import type { Newest } from '../reader/reader-calls.ts'
import { CommitRing, type RingItem } from './commit-ring.ts'
import { type CommitPlace, comparePlaces, decodeLivePosition } from './live-position.ts'
import { TailIterator } from './tail-iterator.ts'

/** What the hub asks of the readers. */
export interface CommitReader {
  /** The last commit when it was opened. */
  readonly openedSeq: number
  newest(): Promise<Newest>
  follow(request: FollowRequest, signal?: AbortSignal): Promise<FollowAnswer>
}

export interface TailHubOptions {
  /** Nobody tells of commits, since another process writes: look for them. @default false */
  readonly watch?: boolean | undefined
}

/** How often a database that another process writes is looked at, while somebody follows it. Unit: ms. */
const watchIntervalMs = 250

/** What is kept for all who follow. */
const ringLimits = { maxEntries: 10_000, maxBytes: 16_777_216 } as const

/** What is read at a time; a hub that is further behind than a few of these leaves the rest to each who follows. */
const read = { maxEntries: 1_000, maxBytes: 4_194_304, maxBehindEntries: 100_000 } as const

const rules = {
  after: option.text,
  signal: option.having('an AbortSignal', 'addEventListener', 'throwIfAborted'),
  maxBehindEntries: option.integer({ min: 1, orInfinity: true }),
} as const

export class TailHub {
  readonly #reader: CommitReader
  readonly #watches: boolean
  readonly #ring: CommitRing
  /** The last commit that is known of. */
  #newestSeq: number
  /** Those who wait for what comes next, each to be called once. */
  readonly #waiting = new Set<(error?: unknown) => void>()
  #following = 0
  #isReading = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(reader: CommitReader, { watch = false }: TailHubOptions = {}) {
    this.#reader = reader
    this.#watches = watch
    this.#newestSeq = reader.openedSeq
    this.#ring = new CommitRing(this.#head, ringLimits)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get ring(): CommitRing {
    return this.#ring
  }

  /** Told of every commit, in their order, once readers see it. */
  committed(seq: number): void {
    this.#newestSeq = Math.max(this.#newestSeq, seq)
    void this.#read()
  }

  /** @throws LogwispError `BAD_QUERY`, `BAD_OPTION`. */
  tail(query: LogQuery, options: TailOptions = {}): AsyncIterableIterator<TailItem> {
    checkOptions('tail', options, rules)
    const fits = queryMatcher(query)
    const after = options.after === undefined ? undefined : decodeLivePosition(options.after)
    return new TailIterator(this, fits, after ?? this.#now(), options)
  }

  /** Whether what follows a place is in the ring, or will be. */
  has(place: CommitPlace): boolean {
    return this.#ring.covers(place) && comparePlaces(place, this.#head) <= 0
  }

  /** Reads what is not in the ring. */
  async follow(request: FollowRequest, signal: AbortSignal): Promise<FollowAnswer> {
    const answer = await this.#reader.follow(request, signal)
    this.committed(answer.end.seq - 1)
    return answer
  }

  /** Somebody begins to follow: from now on, what is committed is read. */
  join(): void {
    if (this.#following++ > 0) return
    // What was stored while nobody followed is not read for all: whoever wants it reads it.
    this.#ring.reset(this.#head)
    if (this.#watches) void this.#watch()
  }

  leave(): void {
    if (--this.#following > 0) return
    clearTimeout(this.#timer)
    this.#ring.reset(this.#head)
  }

  /** Resolves once there is something behind the place, or the hub is closed. */
  async until(place: CommitPlace, signal: AbortSignal): Promise<void> {
    while (!this.#isClosed && comparePlaces(place, this.#ring.end) >= 0) {
      await new Promise<void>((resolve, reject) => {
        const stop = (error?: unknown): void => {
          this.#waiting.delete(stop)
          signal.removeEventListener('abort', onAbort)
          if (error === undefined) resolve()
          else reject(error)
        }
        const onAbort = (): void => stop(signal.reason)
        if (signal.aborted) return reject(signal.reason)
        signal.addEventListener('abort', onAbort, { once: true })
        this.#waiting.add(stop)
      })
    }
  }

  /** Ends every tail. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#wake()
  }

  get #head(): CommitPlace {
    return { seq: this.#newestSeq + 1, index: 0 }
  }

  /** The place behind all that is stored at the call. */
  #now(): CommitPlace | Promise<CommitPlace> {
    if (!this.#watches) return this.#head
    const place = this.#reader.newest().then(({ seq }) => ({ seq: seq + 1, index: 0 }))
    // Whoever iterates is told; a tail that nobody iterates must not end the process.
    place.catch(() => {})
    return place
  }

  async #watch(): Promise<void> {
    try {
      const { seq } = await this.#reader.newest()
      this.committed(seq)
    } catch (error) {
      this.#fail(error)
    }
    if (this.#following > 0 && !this.#isClosed) this.#timer = setTimeout(() => this.#watch(), watchIntervalMs)
  }

  /** Reads, until it has all that was committed. */
  async #read(): Promise<void> {
    if (this.#isReading) return
    this.#isReading = true
    try {
      while (this.#following > 0 && !this.#isClosed && this.#ring.end.seq <= this.#newestSeq) {
        const after = this.#ring.end
        const { gap, entries, places, end } = await this.#reader.follow({ after, ...read })
        // Everybody may have left meanwhile, and others come.
        if (this.#ring.end !== after) continue
        if (gap === undefined) this.#ring.push(itemsOf(entries, places), end)
        else this.#ring.reset(end)
        this.#newestSeq = Math.max(this.#newestSeq, end.seq - 1)
        this.#wake()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isReading = false
    }
  }

  /** What was not read is read by whoever comes back for it. */
  #fail(error: unknown): void {
    if (this.#isClosed) return
    this.#ring.reset(this.#head)
    this.#wake(error)
  }

  #wake(error?: unknown): void {
    for (const stop of [...this.#waiting]) stop(error)
  }
}

function itemsOf(entries: FollowAnswer['entries'], places: FollowAnswer['places']): RingItem[] {
  return entries.map((entry, index) => ({
    place: places[index] as CommitPlace,
    entry: unpackEntry(entry),
    bytes: packedSize(entry),
  }))
}
