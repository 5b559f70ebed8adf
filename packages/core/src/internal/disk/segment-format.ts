/**
 * The name and the head of a segment, a file of records one behind the other.
 *
 * ```
 *    0  marker        8 bytes
 *    8  version       u32
 *   12  position      u64, of its first record; the file's name is the same number
 *   20  ordinal       u64, of its first entry
 *   28  id            12 random bytes: what its entries without an id of their own are named by
 *   40  CRC-32 of the 40 bytes before
 *   44  records
 * ```
 *
 * A segment is written by one run of a program only. Its id is therefore never used for two different entries at one
 * position, although positions may come again after a power cut that took what was not synced.
 */

import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { type QueuePlace, readCount, writeCount } from './record-format.ts'

/** How long the head of a segment is. */
export const segmentHeadBytes = 44

const marker = Buffer.from([0xf7, 0x4c, 0x57, 0x53, 0x45, 0x47, 0x0d, 0x0a])
const version = 1
const idBytes = 12
const namePattern = /^(\d{16})\.segment$/

/** What the head of a segment says. */
export interface SegmentHead extends QueuePlace {
  readonly version: number
  readonly id: string
}

/** The name of the file that begins at a position. They sort by name in their order. */
export function segmentName(position: number): string {
  return `${String(position).padStart(16, '0')}.segment`
}

/** The position that a file's name tells; undefined for a file that is no segment. */
export function positionOfName(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** A new segment's id. */
export function newSegmentId(): string {
  return randomBytes(idBytes).toString('base64url')
}

/** The head of a segment of this version. */
export function encodeSegmentHead({ position, ordinal, id }: Omit<SegmentHead, 'version'>): Buffer {
  const bytes = Buffer.alloc(segmentHeadBytes)
  marker.copy(bytes)
  bytes.writeUInt32LE(version, 8)
  writeCount(bytes, position, 12)
  writeCount(bytes, ordinal, 20)
  Buffer.from(id, 'base64url').copy(bytes, 28)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 40)), 40)
  return bytes
}

/** Reads a head; undefined when it is damaged or was not written whole. */
export function decodeSegmentHead(bytes: Buffer): SegmentHead | undefined {
  if (bytes.length < segmentHeadBytes || bytes.compare(marker, 0, marker.length, 0, marker.length) !== 0)
    return undefined
  if (bytes.readUInt32LE(40) !== crc32(bytes.subarray(0, 40))) return undefined
  return {
    version: bytes.readUInt32LE(8),
    position: readCount(bytes, 12),
    ordinal: readCount(bytes, 20),
    id: bytes.toString('base64url', 28, 28 + idBytes),
  }
}

/** Whether a segment was written by a later version of this program, which alone can read it. */
export function isNewer(head: SegmentHead): boolean {
  return head.version > version
}
