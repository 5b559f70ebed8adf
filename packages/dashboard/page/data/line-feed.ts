/**
 * The lines of one query: pages of what is stored, the stream of what comes, and where the two meet without a gap.
 *
 * ```
 *            ┌────────────── lineWindow ──────────────┐
 *   older ◄──┤ firstId                          lastId ├──► newer, while `isAtEnd` is false
 *    pages   └─────────────────────────────────────────┘     the stream, once it is true
 * ```
 *
 * While newer entries are not loaded, what the stream brings is counted and left to the pages. What it brings during a
 * request is held, since the answer may have been looked up before it was stored.
 */

import { compareEntryIds } from '@logwisp/store/stored-entry'
import { type ApiClient, ApiError, type LinePage, type LineQuery } from './api-client.ts'
import { type LineWindow, type LineWindowOptions, lineWindow } from './line-window.ts'
import { type LiveFeed, type LiveGap, type LiveState, liveFeed } from './live-feed.ts'
import { pageWalk } from './page-walk.ts'
import type { EntryId, ShownEntry } from './shown-entry.ts'

/** Where the list is to begin; undefined: at the newest entry. An entry, or a time in ms since the epoch. */
export type Start = EntryId | number | undefined

/** A search that is under way, or was stopped. */
interface Search {
  readonly way: 'older' | 'newer'
  /** How far it has looked; unit: ms since the epoch. */
  readonly searchedTo?: number | undefined
  readonly isStopped: boolean
}

/** What to show beside the lines. A new object with each change. */
export interface FeedState {
  /** Of the window. */
  readonly version: number
  readonly phase: 'loading' | 'ready' | 'failed'
  readonly live: LiveState | 'off'
  /** Whether there is nothing older than the first line. */
  readonly isAtStart: boolean
  readonly isAtEnd: boolean
  /** Stored since the page no longer follows. */
  readonly newLines: number
  readonly search?: Search | undefined
  /** Keys of gaps whose entries are being loaded. */
  readonly loadingGaps: readonly string[]
  readonly problem?: ApiError | undefined
  /** Grows with each list that begins somewhere else; then `start` says where. */
  readonly turn: number
  readonly start: Start
}

export interface LineFeedOptions {
  readonly client: ApiClient
  readonly query: LineQuery
  readonly start?: Start
  readonly follow: boolean
  readonly window?: LineWindowOptions | undefined
  /** Entries asked for at once; page after page in the same direction, up to twenty times as many. @default 500 */
  readonly pageEntries?: number | undefined
  /** Calls a function soon, once for many changes. @default the browser's next frame */
  readonly schedule?: ((notify: () => void) => void) | undefined
  /** The wait before what failed is tried again. Unit: ms. @default 2000 */
  readonly retryDelayMs?: number | undefined
}

export interface LineFeed {
  readonly lines: LineWindow
  /** As of the last change that listeners were told of. */
  readonly state: FeedState
  /** Calls `listener` after changes, once a frame at most; returns what ends that. */
  subscribe(listener: () => void): () => void
  /** Whether the list stays at the newest entry: then the oldest make room, else the newest. */
  setFollow(follow: boolean): void
  /** The list comes near an end of what is loaded. */
  want(way: 'older' | 'newer'): void
  /** Begins anew elsewhere, unless that is loaded; then only `start` and `turn` change. */
  goTo(start: Start): void
  loadGap(key: string): void
  /** Ends a search that takes long; what it has found stays. */
  stopSearch(): void
  continueSearch(): void
  retry(): void
  close(): void
}

export function lineFeed(options: LineFeedOptions): LineFeed {
  return new Feed(options)
}

/** Beyond as many live entries during one request, its answer no longer meets the stream, and another one is asked for. */
const maxHeldEntries = 20_000

/** Entries of a gap that are loaded with one click. */
const gapPageEntries = 10_000

/** Pages that follow each other faster belong together. Unit: ms. */
const streakMs = 3000
const maxStreakPages = 20

class Feed implements LineFeed {
  readonly lines: LineWindow
  readonly #client: ApiClient
  readonly #query: LineQuery
  readonly #pageEntries: number
  readonly #retryDelayMs: number
  readonly #schedule: (notify: () => void) => void
  readonly #listeners = new Set<() => void>()
  readonly #closed = new AbortController()
  #state: FeedState
  /** What listeners were told of. */
  #published: FeedState
  #isNotifying = false
  #follow: boolean
  #live: LiveFeed | undefined
  /** The cursors beyond the window's ends. */
  #older: EntryId | undefined
  #newer: EntryId | undefined
  #loads = 0
  #held: ShownEntry[] = []
  #hasHeldAll = true
  /** Of the list as it is now; aborted when it begins elsewhere. */
  #here = new AbortController()
  #start: Start
  #running: { readonly way: 'older' | 'newer'; readonly abort: AbortController } | undefined
  /** Pages that were asked for one after the other. */
  #streak: { readonly way: 'older' | 'newer' | undefined; readonly pages: number; readonly endsAt: number } = {
    way: undefined,
    pages: 1,
    endsAt: 0,
  }
  #retryTimer: ReturnType<typeof setTimeout> | undefined

  constructor(options: LineFeedOptions) {
    const { client, query, start, follow, pageEntries = 500, retryDelayMs = 2000, schedule = nextFrame } = options
    this.lines = lineWindow(options.window)
    this.#client = client
    this.#query = query
    this.#follow = follow
    this.#pageEntries = pageEntries
    this.#retryDelayMs = retryDelayMs
    this.#schedule = schedule
    this.#start = start
    this.#state = {
      version: 0,
      phase: 'loading',
      live: isOver(query) ? 'off' : 'connecting',
      isAtStart: false,
      isAtEnd: false,
      newLines: 0,
      loadingGaps: [],
      turn: 0,
      start,
    }
    this.#published = this.#state
    void this.#open()
  }

  get state(): FeedState {
    return this.#published
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  setFollow(follow: boolean): void {
    if (follow === this.#follow) return
    this.#follow = follow
    if (!follow) return
    this.#change({ newLines: 0 })
    const { phase, isAtEnd } = this.#state
    if (phase === 'ready' ? !isAtEnd : this.#start !== undefined) this.goTo(undefined)
  }

  want(way: 'older' | 'newer'): void {
    const { phase, isAtStart, isAtEnd, search, problem } = this.#state
    if (phase !== 'ready' || problem !== undefined || this.#running !== undefined || search?.isStopped === true) return
    if (way === 'older' ? isAtStart : isAtEnd) return
    void this.#load(way)
  }

  goTo(start: Start): void {
    const { isAtEnd, phase } = this.#state
    const isHere =
      phase === 'ready' &&
      (start === undefined ? isAtEnd : typeof start === 'string' ? this.lines.has(start) : this.#holdsTime(start))
    this.#start = start
    if (isHere) {
      this.#change({ start, turn: this.#state.turn + 1 })
      return
    }
    this.#change({ phase: 'loading', search: undefined, problem: undefined })
    this.#here.abort()
    this.#here = new AbortController()
    this.#running = undefined
    void this.#open()
  }

  loadGap(key: string): void {
    if (!this.#state.loadingGaps.includes(key)) void this.#loadGap(key)
  }

  stopSearch(): void {
    // The first answer says where the list begins; it never takes long.
    if (this.#state.phase === 'ready') this.#running?.abort.abort()
  }

  continueSearch(): void {
    const { search } = this.#state
    if (search === undefined || this.#running !== undefined) return
    void this.#load(search.way)
  }

  retry(): void {
    clearTimeout(this.#retryTimer)
    const { phase, search, problem } = this.#state
    this.#live?.reconnect()
    if (problem === undefined) return
    this.#change({ problem: undefined })
    if (phase === 'failed') {
      this.#change({ phase: 'loading' })
      void this.#open()
    } else if (search !== undefined) void this.#load(search.way)
  }

  close(): void {
    this.#closed.abort()
    this.#here.abort()
    this.#live?.close()
    clearTimeout(this.#retryTimer)
    this.#listeners.clear()
  }

  /** The first page of a place. */
  async #open(): Promise<void> {
    const { signal } = this.#here
    const start = this.#start
    let isFirst = true
    try {
      if (start === undefined) {
        await this.#walk('older', undefined, this.#pageEntries, signal, (page) => {
          if (isFirst) this.#begin(page)
          else this.#extend('older', page)
          isFirst = false
        })
      } else {
        await this.#holding(async () => {
          const page = await this.#client.page(this.#query, { around: start, limit: this.#pageEntries }, signal)
          signal.throwIfAborted()
          this.#begin(page)
        })
      }
    } catch (error) {
      if (signal.aborted) return
      if (isFirst && this.#state.phase !== 'ready') this.#change({ phase: 'failed' })
      this.#fail(error)
      const { problem, live } = this.#state
      // There is nothing yet that the stream could go on from.
      if (this.#live === undefined && live !== 'off')
        this.#change({ live: problem?.mayPass === true ? 'disconnected' : 'off' })
    }
  }

  /** What was shown goes; what the first page says counts. */
  #begin(page: LinePage): void {
    this.lines.clear()
    this.#older = page.older
    this.#newer = page.newer
    this.lines.add(page.entries)
    this.#change({
      phase: 'ready',
      start: this.#start,
      turn: this.#state.turn + 1,
      isAtStart: page.older === undefined,
      isAtEnd: page.newer === undefined && this.#hasHeldAll,
      problem: undefined,
      ...(this.#follow && { newLines: 0 }),
    })
    if (this.#live !== undefined || isOver(this.#query)) return
    this.#live = liveFeed({
      client: this.#client,
      query: this.#query.query,
      after: page.live,
      onEntries: (entries) => this.#take(entries),
      onGap: (gap) => this.#takeGap(gap),
      onState: (live, problem) => {
        this.#change({ live, ...(live === 'ended' && { problem }) })
        // The server is back: what failed meanwhile is asked for again.
        if (live === 'live' && this.#state.problem?.mayPass === true) this.retry()
      },
    })
  }

  async #load(way: 'older' | 'newer'): Promise<void> {
    const { signal } = this.#here
    const cursor = way === 'older' ? (this.#older ?? this.lines.firstId) : (this.#newer ?? this.lines.lastId)
    try {
      await this.#walk(way, cursor, this.#wanted(way), signal, (page) => this.#extend(way, page))
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
    }
  }

  /** Pages in one direction, with what is to be seen of it. */
  async #walk(
    way: 'older' | 'newer',
    from: EntryId | undefined,
    wanted: number,
    place: AbortSignal,
    take: (page: LinePage) => void,
  ): Promise<void> {
    const running = { way, abort: new AbortController() }
    this.#running = running
    this.#change({ search: { way, isStopped: false } })
    const signal = AbortSignal.any([place, running.abort.signal])
    let searchedTo: number | undefined
    try {
      await this.#holding(async () => {
        const walk = { query: this.#query, way, from, wanted, signal }
        for await (const page of pageWalk(this.#client, walk)) {
          signal.throwIfAborted()
          take(page)
          if (page.isComplete) continue
          searchedTo = page.searchedTo
          this.#change({ search: { way, searchedTo, isStopped: false } })
        }
      })
      this.#change({ search: undefined })
    } catch (error) {
      if (place.aborted) throw error
      if (!running.abort.signal.aborted) {
        this.#change({ search: { way, searchedTo, isStopped: false } })
        throw error
      }
      this.#change({ search: { way, searchedTo, isStopped: true } })
    } finally {
      if (this.#running === running) this.#running = undefined
    }
  }

  /** Who goes far gets there with fewer requests. */
  #wanted(way: 'older' | 'newer'): number {
    const now = performance.now()
    const isOn = this.#streak.way === way && now < this.#streak.endsAt
    const pages = isOn ? Math.min(maxStreakPages, this.#streak.pages * 2) : 1
    this.#streak = { way, pages, endsAt: now + streakMs }
    return this.#pageEntries * pages
  }

  #extend(way: 'older' | 'newer', page: LinePage): void {
    this.lines.add(page.entries)
    if (way === 'older') {
      this.#older = page.older
      this.#change({ isAtStart: page.older === undefined })
      this.#trim('newest')
    } else {
      this.#newer = page.newer
      this.#change({ isAtEnd: page.newer === undefined && this.#hasHeldAll })
      this.#trim('oldest')
    }
  }

  async #loadGap(key: string): Promise<void> {
    const { signal } = this.#here
    const row = this.lines.rowOfGap(key)
    const gapRow = row === undefined ? undefined : this.lines.row(row)
    if (row === undefined || gapRow?.kind !== 'gap') return
    this.#change({ loadingGaps: [...this.#state.loadingGaps, key] })
    const { gap } = gapRow
    const from = larger(this.#query.from, gap.from ?? this.#timeOfRow(row - 1))
    const to = smaller(this.#query.to, after(gap.to ?? this.#timeOfRow(row + 1)))
    const query = { query: this.#query.query, from, to }
    try {
      let { entries } = gap
      const walk = { query, way: 'older' as const, from: gap.before, wanted: gapPageEntries, signal }
      await this.#holding(async () => {
        for await (const { entries: found, older } of pageWalk(this.#client, walk)) {
          signal.throwIfAborted()
          const added = this.lines.add(found)
          if (entries !== undefined) entries = Math.max(1, entries - added)
          this.lines.replaceGap(key, older === undefined ? undefined : { ...gap, entries, before: older })
          this.#change({})
        }
      })
    } catch (error) {
      if (!signal.aborted) this.#fail(error)
    } finally {
      this.#change({ loadingGaps: this.#state.loadingGaps.filter((other) => other !== key) })
    }
  }

  /** Runs a request; what the stream brings meanwhile finds its place afterwards. */
  async #holding(request: () => Promise<void>): Promise<void> {
    this.#loads++
    try {
      await request()
    } finally {
      this.#loads--
      if (this.#loads === 0) {
        const held = this.#held
        this.#held = []
        this.#hasHeldAll = true
        if (this.#state.phase === 'ready') this.#insert(held)
      }
    }
  }

  #take(entries: readonly ShownEntry[]): void {
    const { from = -Infinity, to = Infinity } = this.#query
    const fitting = entries.filter(({ time }) => !(time < from || time >= to))
    if (fitting.length === 0) return
    // What is shown while a page of elsewhere is asked for goes with its answer.
    const isHere = this.#state.phase === 'ready'
    const { added, left } = isHere ? this.#insert(fitting) : { added: 0, left: fitting }
    // What comes again after a connection broke is not new.
    if (!this.#follow) this.#change({ newLines: this.#state.newLines + added + left.length })
    if (this.#loads === 0) return
    this.#held.push(...left)
    if (this.#held.length > maxHeldEntries) this.#missHeld()
  }

  /** Takes those that belong to what is loaded, and gives back the others: pages will have them. */
  #insert(entries: readonly ShownEntry[]): { readonly added: number; readonly left: readonly ShownEntry[] } {
    const { isAtStart, isAtEnd } = this.#state
    // A search may have looked further than to the last entry that it found.
    const oldest = this.#older ?? this.lines.firstId
    const newest = this.#newer ?? this.lines.lastId
    const belongs = ({ id }: ShownEntry): boolean =>
      (isAtEnd || (newest !== undefined && compareEntryIds(id, newest) <= 0)) &&
      (isAtStart || (oldest !== undefined && compareEntryIds(id, oldest) >= 0))
    const added = this.lines.add(entries.filter(belongs))
    this.#trim(this.#follow ? 'oldest' : 'newest')
    this.#change({})
    return { added, left: entries.filter((entry) => !belongs(entry)) }
  }

  #takeGap({ entries, from, to }: LiveGap): void {
    const { query, lines } = { query: this.#query, lines: this.lines }
    if ((to ?? Infinity) < (query.from ?? -Infinity) || (from ?? -Infinity) >= (query.to ?? Infinity)) return
    if (!this.#follow) this.#change({ newLines: this.#state.newLines + (entries ?? 0) })
    const last = this.#timeOfRow(lines.length - 1)
    const isInside = this.#state.isAtEnd || (from !== undefined && last !== undefined && from <= last)
    if (isInside) {
      lines.addGap({ entries, from, to })
      this.#change({})
    }
    // A page that is being asked for may have been looked up before these were stored.
    if (this.#loads > 0) this.#missHeld()
  }

  #missHeld(): void {
    this.#held = []
    this.#hasHeldAll = false
  }

  /** Keeps the bounds: what goes is no longer loaded. */
  #trim(end: 'oldest' | 'newest'): void {
    if (this.lines.trim(end) === 0) return
    if (end === 'oldest') {
      this.#older = this.lines.firstId
      this.#change({ isAtStart: false })
    } else {
      this.#newer = this.lines.lastId
      this.#change({ isAtEnd: false })
    }
  }

  #holdsTime(time: number): boolean {
    const { isAtStart, isAtEnd } = this.#state
    const first = this.#timeOfRow(0) ?? Infinity
    const last = this.#timeOfRow(this.lines.length - 1) ?? -Infinity
    return (isAtStart || first <= time) && (isAtEnd || time <= last)
  }

  #timeOfRow(index: number): number | undefined {
    const row = this.lines.row(index)
    return row?.kind === 'entry' ? row.entry.time : row?.gap.from
  }

  #fail(cause: unknown): void {
    const problem = cause instanceof ApiError ? cause : new ApiError(0, String(cause), { cause })
    this.#change({ problem })
    if (!problem.mayPass || this.#closed.signal.aborted) return
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => this.retry(), this.#retryDelayMs)
  }

  #change(part: Partial<FeedState>): void {
    this.#state = { ...this.#state, ...part, version: this.lines.version }
    if (this.#isNotifying) return
    this.#isNotifying = true
    this.#schedule(() => {
      this.#isNotifying = false
      this.#published = this.#state
      for (const listener of this.#listeners) listener()
    })
  }
}

/** Whether nothing new can come. */
function isOver({ to }: LineQuery): boolean {
  return to !== undefined && to <= Date.now()
}

function nextFrame(notify: () => void): void {
  requestAnimationFrame(notify)
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.max(a, b)
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined ? b : b === undefined ? a : Math.min(a, b)
}

/** `to` of a query is before its value. */
function after(time: number | undefined): number | undefined {
  return time === undefined ? undefined : time + 1
}
