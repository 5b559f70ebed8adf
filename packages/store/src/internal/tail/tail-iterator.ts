/** One live tail: where it is, and what it gives next. */

import type { queryMatcher } from '../../query-matcher.ts'
import type { TailItem, TailOptions } from '../../query-results.ts'
import type { StoredEntry } from '../../stored-entry.ts'
import { unpackEntry } from '../reader/entry-row.ts'
import type { FollowGap } from '../reader/follow.ts'
import type { RingItem } from './commit-ring.ts'
import { type CommitPlace, comparePlaces, encodeLivePosition } from './live-position.ts'
import type { TailHub } from './tail-hub.ts'

const defaults = { maxBehindEntries: 10_000 } as const

const maxBatchEntries = 1_000

/** What a batch takes at most, but for its last entry. Unit: bytes. */
const maxBatchBytes = 1_048_576

/** A tail whose entries do not fit tells its position after this while, so that coming back there costs little. Unit: ms. */
const tellIntervalMs = 1_000

/** Why a tail ends that was left with `return`. */
const left = Symbol('left')

/** Calls of `next` wait for each other, as those of a generator do; `return` ends one that waits. */
export class TailIterator implements AsyncIterableIterator<TailItem> {
  readonly #end = new AbortController()
  readonly #items: AsyncGenerator<TailItem, undefined>

  constructor(hub: TailHub, fits: Fits, start: CommitPlace | Promise<CommitPlace>, options: TailOptions) {
    this.#items = follow(hub, fits, start, options, this.#end)
  }

  async next(): Promise<IteratorResult<TailItem>> {
    try {
      return await this.#items.next()
    } catch (error) {
      if (error === left) return { done: true, value: undefined }
      throw error
    }
  }

  async return(): Promise<IteratorResult<TailItem>> {
    this.#end.abort(left)
    await this.#items.return(undefined)
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

type Fits = ReturnType<typeof queryMatcher>

async function* follow(
  hub: TailHub,
  fits: Fits,
  start: CommitPlace | Promise<CommitPlace>,
  { maxBehindEntries = defaults.maxBehindEntries, signal: given }: TailOptions,
  end: AbortController,
): AsyncGenerator<TailItem, undefined> {
  const { signal } = end
  const onAbort = (): void => end.abort(given?.reason)
  if (given?.aborted) onAbort()
  given?.addEventListener('abort', onAbort, { once: true })
  hub.join()
  try {
    let place = await start
    let told = performance.now()
    while (!hub.isClosed) {
      signal.throwIfAborted()
      const step = await nextStep(hub, place, maxBehindEntries, signal)
      place = step.end
      const live = encodeLivePosition(place)
      const entries = step.entries.filter(fits)
      if (step.gap !== undefined) yield { kind: 'gap', ...step.gap, live }
      else if (entries.length > 0 || performance.now() - told >= tellIntervalMs)
        yield { kind: 'entries', entries, live }
      else continue
      told = performance.now()
    }
  } catch (error) {
    // The readers end with the store too.
    if (!hub.isClosed) throw error
  } finally {
    hub.leave()
    given?.removeEventListener('abort', onAbort)
  }
}

/** What comes next: a gap, or entries; perhaps neither. */
interface Step {
  readonly gap?: FollowGap | undefined
  readonly entries: readonly StoredEntry[]
  /** Behind it. */
  readonly end: CommitPlace
}

/** Waits until there is something behind the place. */
async function nextStep(
  hub: TailHub,
  place: CommitPlace,
  maxBehindEntries: number,
  signal: AbortSignal,
): Promise<Step> {
  if (!hub.has(place)) {
    const request = { after: place, maxBehindEntries, maxEntries: maxBatchEntries, maxBytes: maxBatchBytes }
    const { gap, entries, end } = await hub.follow(request, signal)
    return { gap, entries: entries.map(unpackEntry), end }
  }
  await hub.until(place, signal)
  const { ring } = hub
  // It may have gone on, or begun anew, since it was waited for.
  if (!hub.has(place) || comparePlaces(place, ring.end) >= 0) return { entries: [], end: place }
  const behind = ring.countAfter(place)
  if (behind > maxBehindEntries) return { gap: gapOf(ring.after(place, behind)), entries: [], end: ring.end }
  const items = firstBytes(ring.after(place, maxBatchEntries))
  const last = items.at(-1)
  const end = last === undefined || items.length === behind ? ring.end : { ...last.place, index: last.place.index + 1 }
  return { entries: items.map(({ entry }) => entry), end }
}

function gapOf(items: readonly RingItem[]): FollowGap {
  let from = Infinity
  let to = -Infinity
  for (const { entry } of items) {
    from = Math.min(from, entry.time)
    to = Math.max(to, entry.time)
  }
  return { entries: items.length, from, to }
}

/** As many as are within the bytes of a batch, and at least one. */
function firstBytes(items: readonly RingItem[]): readonly RingItem[] {
  let bytes = 0
  const index = items.findIndex((item) => {
    bytes += item.bytes
    return bytes > maxBatchBytes
  })
  return index < 0 ? items : items.slice(0, Math.max(1, index))
}
