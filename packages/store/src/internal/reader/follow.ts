/** What was committed after a place, in the order of storing. */

import type { Database } from 'better-sqlite3'
import { compareSlots, type Slot } from '../entry-id.ts'
import { unpackSlots } from '../packed-slots.ts'
import type { CommitPlace } from '../tail/live-position.ts'
import { type EntryRow, entryRowSql, type PackedEntry, packedSize } from './entry-row.ts'
import { newestSeq } from './look.ts'
import type { Reader } from './reader.ts'
import { slotList } from './slot-list.ts'

export interface FollowRequest {
  readonly after: CommitPlace
  /** With more entries than this to come, all of them are left out. */
  readonly maxBehindEntries: number
  readonly maxEntries: number
  /** So much at most, but for the last entry. Unit: bytes. */
  readonly maxBytes: number
}

/** What was left out. */
export interface FollowGap {
  /** Undefined when nobody can tell. */
  readonly entries?: number | undefined
  /** The oldest and the newest ms of what was left out, when they are known. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export interface FollowAnswer {
  /** Then it is all that is told: what comes after it is asked for from `end`. */
  readonly gap?: FollowGap | undefined
  /** Those that were removed meanwhile are not among them. */
  readonly entries: readonly PackedEntry[]
  /** The place of each entry. */
  readonly places: readonly CommitPlace[]
  /** Behind all of them. */
  readonly end: CommitPlace
  /** Whether there is more behind `end`. */
  readonly hasMore: boolean
}

export function follow(reader: Reader, request: FollowRequest): FollowAnswer {
  // One snapshot: what the commits name must be there to be read. It takes a few ms at most.
  return reader.db.transaction(() => followNow(reader, request))()
}

function followNow(reader: Reader, request: FollowRequest): FollowAnswer {
  const { db } = reader
  const newest = newestSeq(db)
  const head = { seq: newest + 1, index: 0 }
  const nothing = { entries: [], places: [], end: head, hasMore: false }
  let { after } = request
  if (after.seq > head.seq || (after.seq === head.seq && after.index > 0)) {
    // A position of another database, or of what a crash of the machine took back: nobody knows what came after it.
    return { ...nothing, gap: {} }
  }
  const oldest = db.prepare('SELECT min(seq) FROM commits').pluck(true).get() as number | null
  let gap: FollowGap | undefined
  if (oldest !== null && after.seq < oldest) {
    gap = {}
    after = { seq: oldest, index: 0 }
  }
  if (entriesFrom(db, after, request.maxBehindEntries + after.index + 1) - after.index > request.maxBehindEntries) {
    return { ...nothing, gap: gap ?? measuredGap(db, after) }
  }
  if (gap !== undefined) return { ...nothing, gap, end: after, hasMore: true }
  return entriesAfter(reader, after, head, request)
}

/** How many entries are in the commits from this one on; stops counting at `most`. */
function entriesFrom(db: Database, { seq }: CommitPlace, most: number): number {
  let sum = 0
  const counts = db.prepare<[number], number>('SELECT entries FROM commits WHERE seq >= ? ORDER BY seq').pluck(true)
  for (const entries of counts.iterate(seq)) {
    sum += entries
    if (sum >= most) break
  }
  return sum
}

function measuredGap(db: Database, after: CommitPlace): FollowGap {
  const commits = db
    .prepare<[number], [number, Buffer]>('SELECT seq, ids FROM commits WHERE seq >= ? ORDER BY seq')
    .raw(true)
  let entries = 0
  let oldest: Slot | undefined
  let newest: Slot | undefined
  for (const [seq, ids] of commits.iterate(after.seq)) {
    for (const slot of unpackSlots(ids, seq === after.seq ? after.index : 0)) {
      entries++
      if (oldest === undefined || compareSlots(slot, oldest) < 0) oldest = slot
      if (newest === undefined || compareSlots(slot, newest) > 0) newest = slot
    }
  }
  return { entries, from: oldest?.ms, to: newest?.ms }
}

function entriesAfter(
  { db, names }: Reader,
  after: CommitPlace,
  head: CommitPlace,
  { maxEntries, maxBytes }: FollowRequest,
): FollowAnswer {
  const commits = db
    .prepare<[number], [number, Buffer]>('SELECT seq, ids FROM commits WHERE seq >= ? ORDER BY seq')
    .raw(true)
  const row = db
    .prepare<[string], readonly [...EntryRow, index: number]>(
      `SELECT ${entryRowSql}, j.key FROM json_each(?) j CROSS JOIN entries e ON e.id = j.value`,
    )
    .raw(true)
  const entries: PackedEntry[] = []
  const places: CommitPlace[] = []
  let bytes = 0
  for (const [seq, ids] of commits.iterate(after.seq)) {
    const first = seq === after.seq ? after.index : 0
    const wanted = unpackSlots(ids, first)
    for (const [ms, turn, time, level, sourceId, message, fields, index] of row.iterate(slotList(wanted))) {
      const source = names.nameOf(sourceId)
      if (source === undefined) continue
      const entry = { ms, turn, time: time ?? ms, level, source, message, fields: fields ?? undefined }
      bytes += packedSize(entry)
      places.push({ seq, index: first + index })
      if (entries.push(entry) < maxEntries && bytes < maxBytes) continue
      // What ends a commit ends where the next one begins, so that there is one text for each position.
      const isLast = index === wanted.length - 1
      const end = isLast ? { seq: seq + 1, index: 0 } : { seq, index: first + index + 1 }
      return { entries, places, end, hasMore: !isLast || seq + 1 < head.seq }
    }
  }
  return { entries, places, end: head, hasMore: false }
}
