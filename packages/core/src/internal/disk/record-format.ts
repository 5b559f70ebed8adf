/**
 * How a record is written: the bytes that a segment consists of. A record stands for some entries. It says where it
 * stands and which entries of the queue it has, so that after damage the next sound one is found for certain, and
 * what is missing between two is counted exactly.
 *
 * ```
 *    0  marker                            4 bytes that no UTF-8 text has
 *    4  length of the payload             u32
 *    8  CRC-32 of the payload             u32
 *   12  position                          u64, of the record's first byte among all bytes of all records of the queue
 *   20  ordinal                           u64, of its first entry among all entries of the queue
 *   28  entries                           u32
 *   32  CRC-32 of the 32 bytes before     u32
 *   36  payload
 * ```
 */

import { crc32 } from 'node:zlib'

/** How long the head of a record is. */
export const recordHeadBytes = 36

/** What every record begins with: no UTF-8 text has the first of its bytes. */
export const recordMarker: Buffer = Buffer.from([0xf7, 0x4c, 0x57, 0x52])

/** What a record says of itself. */
export interface RecordHead {
  /** Of its payload. Unit: bytes. */
  readonly length: number
  /** CRC-32 of its payload. */
  readonly checksum: number
  readonly position: number
  readonly ordinal: number
  readonly entries: number
}

/** A place in a queue: so many bytes of records, and so many entries, were before it. */
export interface QueuePlace {
  readonly position: number
  readonly ordinal: number
}

/** The place behind a record. */
export function placeBehind({ position, ordinal, length, entries }: RecordHead): QueuePlace {
  return { position: position + recordHeadBytes + length, ordinal: ordinal + entries }
}

/** Writes a head to a buffer of its own. */
export function encodeHead({ length, checksum, position, ordinal, entries }: RecordHead): Buffer {
  const bytes = Buffer.allocUnsafe(recordHeadBytes)
  recordMarker.copy(bytes)
  bytes.writeUInt32LE(length, 4)
  bytes.writeUInt32LE(checksum, 8)
  writeCount(bytes, position, 12)
  writeCount(bytes, ordinal, 20)
  bytes.writeUInt32LE(entries, 28)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 32)), 32)
  return bytes
}

/** Reads a head; undefined when there is none at this place, or a damaged one. */
export function decodeHead(bytes: Buffer, at: number): RecordHead | undefined {
  if (bytes.length - at < recordHeadBytes || bytes.compare(recordMarker, 0, 4, at, at + 4) !== 0) return undefined
  if (bytes.readUInt32LE(at + 32) !== crc32(bytes.subarray(at, at + 32))) return undefined
  return {
    length: bytes.readUInt32LE(at + 4),
    checksum: bytes.readUInt32LE(at + 8),
    position: readCount(bytes, at + 12),
    ordinal: readCount(bytes, at + 20),
    entries: bytes.readUInt32LE(at + 28),
  }
}

const half = 2 ** 32

/** A whole number up to 2^53 − 1, without the detour by a bigint. */
export function writeCount(bytes: Buffer, count: number, at: number): void {
  bytes.writeUInt32LE(count % half, at)
  bytes.writeUInt32LE(Math.floor(count / half), at + 4)
}

/** What {@link writeCount} wrote. */
export function readCount(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * half
}
