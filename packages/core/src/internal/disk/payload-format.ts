/**
 * What a record carries: the lines of a batch as they are, or entries as JSON.
 *
 * ```
 *   batch     [1] [length of the description, u32] [description, JSON] [the lines, with their line endings]
 *   entries   [2] [JSON of an entry] \n [JSON of an entry] \n …
 * ```
 */

import type { Batch } from '../../batch.ts'
import type { LogEntry, LogLevel } from '../../entry.ts'
import type { TimeOptions } from '../../find-time.ts'
import { parseExact } from '../../parse-exact.ts'
import { stringifyExact } from '../../stringify-exact.ts'

/** What the first byte of a payload says. */
export const payloadKind = { batch: 1, entries: 2 } as const

const batchPrefixBytes = 5

/** The ids of a batch's lines: they follow from places, piece by piece, or are listed. */
export type StoredIds =
  /** `pieces`: pairs of where in the lines a piece begins, and the number that the id of a line there ends with. */
  { readonly prefix: string; readonly pieces: readonly number[] } | { readonly list: readonly string[] }

/** What is known of a batch beside its lines. */
export interface BatchDescription {
  readonly source: string
  readonly time: number
  readonly zone?: TimeOptions['zone'] | undefined
  readonly ids?: StoredIds | undefined
}

/** The payload of a batch in parts, with the bytes of the batch's own block where they can be used as they are. */
export function encodeBatch(batch: Batch): Buffer[] {
  const { source, time, zone } = batch
  const description: BatchDescription = { source, time, zone, ids: idsOf(batch) }
  const text = JSON.stringify(description)
  const length = Buffer.byteLength(text)
  const head = Buffer.allocUnsafe(batchPrefixBytes + length)
  head[0] = payloadKind.batch
  head.writeUInt32LE(length, 1)
  head.write(text, batchPrefixBytes)
  return [head, linesOf(batch)]
}

/** The description and the lines of a batch's payload. */
export function decodeBatch(payload: Buffer): { readonly description: BatchDescription; readonly linesAt: number } {
  const linesAt = batchPrefixBytes + payload.readUInt32LE(1)
  const description = JSON.parse(payload.toString('utf8', batchPrefixBytes, linesAt)) as BatchDescription
  return { description, linesAt }
}

/** With less than this share of its block selected a batch is copied, so that a few lines keep no whole block in memory. */
const denseShare = 1 / 2

function linesOf(batch: Batch): Buffer {
  const { bytes, byteLength } = batch
  let runs = 0
  let from = 0
  batch.forEachRun((start) => {
    runs++
    from = start
  })
  if (runs !== 1 || byteLength < bytes.length * denseShare) return batch.compact().bytes
  return bytes.subarray(from, from + byteLength)
}

function idsOf(batch: Batch): StoredIds | undefined {
  if (batch.origin === undefined) return undefined
  const { ids } = batch
  if (ids === undefined) {
    const list: string[] = []
    batch.forEachLine((start, _end, next) => void list.push(batch.originOf(start, next)?.id ?? ''))
    return { list }
  }
  const pieces: number[] = []
  let at = 0
  batch.forEachRun((start, end) => {
    pieces.push(at, ids.base + start)
    at += end - start
  })
  return { prefix: ids.prefix, pieces }
}

/** An entry as one line of JSON with its line feed. What is no part of an entry is left out. */
export function encodeStoredEntry({ time, source, message, level, origin, fields }: LogEntry): string {
  // Beside the fields there is nothing that JSON cannot carry, but for odd times.
  const written = Number.isFinite(time) ? String(time) : `"${time}"`
  let text = `[${written},${JSON.stringify(source)},${JSON.stringify(message)}`
  text += `,${JSON.stringify(level ?? null)},${JSON.stringify(origin?.id ?? null)}`
  if (fields !== undefined) text += `,${stringifyExact(fields, 1)}`
  return `${text}]\n`
}

type StoredEntry = readonly [
  time: number | string,
  source: string,
  message: string,
  level: LogLevel | null,
  id: string | null,
  fields?: Readonly<Record<string, unknown>>,
]

/** What {@link encodeStoredEntry} wrote, with the id that the entry had. */
export function decodeStoredEntry(text: string): { readonly entry: LogEntry; readonly id: string | undefined } {
  const [time, source, message, level, id, fields] = parseExact(text) as StoredEntry
  return { entry: { time: Number(time), source, level: level ?? undefined, message, fields }, id: id ?? undefined }
}
