/** A page, put together of slices. */

import { LogwispError } from '@logwisp/core'
import type { LogQuery } from '../../log-query.ts'
import type { EntryPage, PageOptions } from '../../query-results.ts'
import type { EntryId } from '../../stored-entry.ts'
import { decodeEntryId, encodeEntryId, type Slot } from '../entry-id.ts'
import { maxOwnSlotMs } from '../schema.ts'
import { encodeLivePosition } from '../tail/live-position.ts'
import { type PackedEntry, packedSize, unpackEntry } from './entry-row.ts'
import type { LookAnswer } from './look.ts'
import { deadlineIn, type SliceReader } from './slices.ts'
import { type Direction, slotBeyond } from './slot-range.ts'

/** What the entries of a page take at most, but for the last one: the page then ends before its limit. Unit: bytes. */
const maxPageBytes = 16_777_216

/** How long it may take to find out whether there is anything on the other side of a page. Unit: ms. */
const peekMs = 20

const defaults = { limit: 100, deadlineMs: 1_000 } as const

/** @throws LogwispError `BAD_QUERY`; what the reader throws. */
export async function findPage(reader: SliceReader, query: LogQuery, options: PageOptions = {}): Promise<EntryPage> {
  const { limit = defaults.limit, deadlineMs = defaults.deadlineMs, signal } = options
  const place = placeOf(options)
  const search = new Search(reader, query, signal)
  if (place?.kind === 'around') return await findAround(search, place.slot, limit, deadlineMs)

  const direction = place?.kind === 'after' ? 'newer' : 'older'
  const start = place && slotBeyond(place.slot, direction)
  const part = await search.gather(direction, start, limit, maxPageBytes, deadlineMs)
  const entries = inOrder(part)
  // Behind the newest page there is nothing: all that was stored is on it, or older.
  let behind: EntryId | undefined
  if (place !== undefined && (await search.mayHave(opposite(direction), place.slot))) {
    const edge = direction === 'older' ? entries.at(-1) : entries[0]
    behind = idOf(edge ?? slotBeyond(place.slot, direction))
  }
  const ahead = cursorAhead(part)
  const cursors = direction === 'older' ? { older: ahead, newer: behind } : { older: behind, newer: ahead }
  return pageOf(entries, cursors, search, [part])
}

/** Each side has half of the entries and of the time. */
async function findAround(search: Search, slot: Slot, limit: number, deadlineMs: number): Promise<EntryPage> {
  const before = Math.floor(limit / 2)
  const started = performance.now()
  const older = await search.gather('older', slotBeyond(slot, 'older'), before, maxPageBytes / 2, deadlineMs / 2)
  const leftMs = deadlineMs - (performance.now() - started)
  const newer = await search.gather('newer', slot, limit - before, maxPageBytes / 2, leftMs)
  const cursors = { older: cursorAhead(older), newer: cursorAhead(newer) }
  return pageOf([...inOrder(older), ...inOrder(newer)], cursors, search, [older, newer])
}

function pageOf(
  entries: readonly PackedEntry[],
  { older, newer }: Pick<EntryPage, 'older' | 'newer'>,
  { throughSeq }: Search,
  parts: readonly Part[],
): EntryPage {
  const cut = parts.find(({ isComplete }) => !isComplete)
  return {
    entries: entries.map(unpackEntry),
    ...(older !== undefined && { older }),
    ...(newer !== undefined && { newer }),
    isComplete: cut === undefined,
    ...(cut !== undefined && { searchedTo: cut.next?.ms }),
    live: encodeLivePosition({ seq: throughSeq + 1, index: 0 }),
  }
}

/** What was found in one direction. */
interface Part {
  readonly direction: Direction
  /** In the order of the direction. */
  readonly entries: readonly PackedEntry[]
  /** Where to go on; undefined when there is nothing more. */
  readonly next: Slot | undefined
  /** False: the deadline came before the limit. */
  readonly isComplete: boolean
}

/** Looks, slice by slice, into one state of the store: what is committed after its first slice is left out. */
class Search {
  readonly #reader: SliceReader
  readonly #query: LogQuery
  readonly #signal: AbortSignal | undefined
  #throughSeq: number | undefined

  constructor(reader: SliceReader, query: LogQuery, signal: AbortSignal | undefined) {
    this.#reader = reader
    this.#query = query
    this.#signal = signal
  }

  /** The last commit that is seen. */
  get throughSeq(): number {
    return this.#throughSeq ?? 0
  }

  async gather(
    direction: Direction,
    start: Slot | undefined,
    limit: number,
    maxBytes: number,
    deadlineMs: number,
  ): Promise<Part> {
    if (limit === 0) {
      const next = (await this.mayHave(direction, start)) ? start : undefined
      return { direction, entries: [], next, isComplete: true }
    }
    const deadline = deadlineIn(deadlineMs)
    const entries: PackedEntry[] = []
    let bytes = 0
    let next = start
    do {
      // One more than asked for tells whether there are more.
      const wanted = limit + 1 - entries.length
      const answer = await this.#look(direction, next, wanted, maxBytes - bytes, deadline.sliceMs)
      for (const entry of answer.entries) {
        entries.push(entry)
        bytes += packedSize(entry)
      }
      next = answer.next
    } while (next !== undefined && entries.length < limit && bytes < maxBytes && !deadline.isOver)
    if (entries.length > limit) next = entries.pop()
    return { direction, entries, next, isComplete: next === undefined || entries.length === limit || bytes >= maxBytes }
  }

  /** Whether anything fits from this place on; true too when a short look does not tell. */
  async mayHave(direction: Direction, start: Slot | undefined): Promise<boolean> {
    const { entries, next } = await this.#look(direction, start, 1, maxPageBytes, peekMs)
    return entries.length > 0 || next !== undefined
  }

  async #look(
    direction: Direction,
    start: Slot | undefined,
    limit: number,
    maxBytes: number,
    sliceMs: number,
  ): Promise<LookAnswer> {
    const isContinued = this.#throughSeq !== undefined
    const request = { query: this.#query, direction, start, limit, maxBytes, throughSeq: this.#throughSeq }
    const answer = await this.#reader.look({ request, sliceMs }, { signal: this.#signal, isContinued })
    this.#throughSeq ??= answer.throughSeq
    return answer
  }
}

function inOrder({ direction, entries }: Part): readonly PackedEntry[] {
  return direction === 'older' ? entries.toReversed() : entries
}

/** Where the next page in a part's direction begins: beyond its last entry, or beyond where the search had come to. */
function cursorAhead({ direction, entries, next, isComplete }: Part): EntryId | undefined {
  if (next === undefined) return undefined
  const last = entries.at(-1)
  return isComplete && last !== undefined ? idOf(last) : idOf(slotBeyond(next, opposite(direction)))
}

function opposite(direction: Direction): Direction {
  return direction === 'older' ? 'newer' : 'older'
}

function idOf({ ms, turn }: Slot): EntryId {
  return encodeEntryId(ms, turn)
}

interface Place {
  readonly kind: 'before' | 'after' | 'around'
  readonly slot: Slot
}

function placeOf({ before, after, around }: PageOptions): Place | undefined {
  const places = Object.entries({ before, after, around }).filter(([, place]) => place !== undefined)
  if (places.length === 0) return undefined
  const [kind, place] = places[0] as [Place['kind'], EntryId | number]
  if (places.length > 1) {
    throw new LogwispError('BAD_QUERY', 'a page is before, after or around one place: give one of these only')
  }
  return { kind, slot: typeof place === 'number' ? slotOfTime(place) : slotOfId(place) }
}

/** @throws LogwispError `BAD_QUERY` when it is no id. */
export function slotOfId(id: EntryId): Slot {
  const slot = decodeEntryId(id)
  if (slot !== undefined) return slot
  const shown = JSON.stringify(String(id).slice(0, 60))
  throw new LogwispError('BAD_QUERY', `${shown} is no id of an entry: give one that the store gave`)
}

function slotOfTime(time: number): Slot {
  if (Number.isNaN(time)) throw new LogwispError('BAD_QUERY', '`around` must be an id or a time in ms, got NaN')
  return { ms: Math.min(Math.max(Math.ceil(time), -maxOwnSlotMs - 1), maxOwnSlotMs + 1), turn: 0 }
}
