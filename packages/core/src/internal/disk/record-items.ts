/** A record made entries and batches again. */

import { Batch } from '../../batch.ts'
import type { LogEntry } from '../../entry.ts'
import { decodeBatch, decodeStoredEntry, payloadKind } from './payload-format.ts'
import { type QueuePlace, recordHeadBytes } from './record-format.ts'
import { EntryOrigin, type RecordOf, RecordOrigins } from './record-origins.ts'

/**
 * The items of a record whose payload is sound, without what was acknowledged before: what ends at `acknowledged` or
 * before it. The batch keeps the payload's bytes.
 *
 * @throws whatever a payload causes that is none of ours.
 */
export function itemsOf(of: RecordOf, payload: Buffer, acknowledged: number): (LogEntry | Batch)[] {
  if (payload[0] === payloadKind.batch) return batchOf(of, payload, acknowledged)
  if (payload[0] === payloadKind.entries) return entriesIn(of, payload, acknowledged)
  throw new Error(`no payload begins with ${payload[0]}`)
}

function batchOf(of: RecordOf, payload: Buffer, acknowledged: number): Batch[] {
  const { description, linesAt } = decodeBatch(payload)
  const bytes = payload.subarray(linesAt)
  const { source, time, zone, ids } = description
  const origins = new RecordOrigins(of, bytes, ids)
  const batch = Batch.of({ bytes, source, time, zone, origins })
  if (batch.count !== of.head.entries) throw new Error(`${of.head.entries} lines expected, ${batch.count} found`)
  if (acknowledged <= of.head.position) return [batch]
  let done = 0
  batch.forEachLine((_start, _end, next) => {
    if (origins.positionAt(next) <= acknowledged) done++
  })
  return done === 0 ? [batch] : [batch.split(done)[1]]
}

function entriesIn(of: RecordOf, payload: Buffer, acknowledged: number): LogEntry[] {
  const entries: LogEntry[] = []
  let { ordinal } = of.head
  const from = of.head.position + recordHeadBytes
  for (let at = 1; at < payload.length; ordinal++) {
    const feed = payload.indexOf(10, at)
    const next = feed === -1 ? payload.length : feed + 1
    const place: QueuePlace = { position: from + next, ordinal: ordinal + 1 }
    if (place.position > acknowledged) {
      const { entry, id } = decodeStoredEntry(payload.toString('utf8', at, next))
      entries.push({ ...entry, origin: new EntryOrigin(of, place, from + at, id) })
    }
    at = next
  }
  if (ordinal !== of.head.ordinal + of.head.entries) throw new Error(`${of.head.entries} entries expected`)
  return entries
}
