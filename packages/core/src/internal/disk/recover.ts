/** Opens what an earlier run left: which segments there are, where the last one ends, and where a new one begins. */

import { dirname, join } from 'node:path'
import type { LogwispError } from '../../errors.ts'
import type { FileSystem, OpenFile } from '../file-system.ts'
import { syncDirectory } from '../sync-directory.ts'
import { bufferNewer, tornSegment } from './disk-trouble.ts'
import { placeBehind, type QueuePlace } from './record-format.ts'
import type { ReaderPlace } from './record-origins.ts'
import { RecordScan } from './record-scan.ts'
import { Segment } from './segment.ts'
import { decodeSegmentHead, isNewer, positionOfName, segmentHeadBytes } from './segment-format.ts'

/** What there is. */
export interface Recovered {
  /** In order, the oldest first; all sealed. */
  readonly segments: Segment[]
  /** Where the next record goes: behind all that is there, and all that was acknowledged. */
  readonly end: QueuePlace
  /** Where the reader begins. */
  readonly start: ReaderPlace
}

/** How it is done. */
export interface RecoveryOptions {
  /** Whether what is found there is made safe from a power cut, since from now on it counts as kept. */
  readonly isDurable: boolean
  /** Everything before it was synced once; that is nothing when it is not known. */
  readonly synced: QueuePlace
  readonly warn: (warning: LogwispError) => void
}

/**
 * Looks at a directory's segments. Those that were acknowledged whole are removed; the last one, in which a crash may
 * have come, is read through, and cut behind its last sound record.
 *
 * `place` is what the reader saved last. It may be behind all that is there: what was given and acknowledged need not
 * have been synced when the power went. New records then begin at the place, so that they are not taken for those.
 *
 * What is no sound record before `synced` is no torn end, but damage: it is kept, and the reader tells of it.
 */
export async function recover(
  fileSystem: FileSystem,
  directory: string,
  place: ReaderPlace | undefined,
  { isDurable, synced, warn }: RecoveryOptions,
): Promise<Recovered> {
  const positions = await segmentsIn(fileSystem, directory)
  const segments: Segment[] = []
  const remove = (path: string): Promise<void> => fileSystem.rm(path, { force: true })
  for (const [index, from] of positions.entries()) {
    const next = positions[index + 1]
    const { path } = new Segment(directory, from, { position: from, ordinal: 0 }, true)
    if (next !== undefined && place !== undefined && next <= place.position) {
      await remove(path)
      continue
    }
    const { size } = await fileSystem.stat(path)
    const position = from + Math.max(0, size - segmentHeadBytes)
    // Where its entries end is not known, and not asked for: the next segment says where its own begin.
    segments.push(new Segment(directory, from, { position, ordinal: Number.NaN }, true))
  }
  let end: QueuePlace | undefined
  while (end === undefined) {
    const last = segments.at(-1)
    if (last === undefined) break
    end = await endOf(fileSystem, last, { isDurable, synced, warn })
    if (end !== undefined && (place === undefined || end.position > place.position)) last.end = end
    else {
      segments.pop()
      await remove(last.path)
    }
  }
  if (segments.length === 0 && place !== undefined && isBehind(synced, place)) {
    // The last one is gone: in its place comes one that has nothing of what it had.
    const lost = new Segment(directory, place.position, synced, true)
    await (await fileSystem.open(lost.path, 'wx', 0o600)).close()
    segments.push(lost)
    end = synced
  }
  if (isDurable && positions.length > 0) await syncDirectory(fileSystem, directory)
  const first = segments[0]
  const begin = first === undefined ? synced : await beginOf(fileSystem, first)
  const start = place ?? { ...begin, record: begin.position }
  return { segments, start, end: end === undefined || end.position < start.position ? start : end }
}

/** Whether what was synced goes beyond a place. */
function isBehind(place: QueuePlace, other: QueuePlace): boolean {
  return place.position > other.position && place.ordinal >= other.ordinal
}

/** Where the directory's segments begin, in order. Files that are no segments are not touched. */
async function segmentsIn(fileSystem: FileSystem, directory: string): Promise<number[]> {
  const names = await fileSystem.readdir(directory)
  const positions = names.map(positionOfName).filter((position) => position !== undefined)
  return positions.sort((a, b) => a - b)
}

/** Where a segment's last sound record ends, or what was synced; what is behind it is cut off. Undefined when it has none. */
async function endOf(
  fileSystem: FileSystem,
  segment: Segment,
  { isDurable, synced, warn }: RecoveryOptions,
): Promise<QueuePlace | undefined> {
  const file = await fileSystem.open(segment.path, 'r+')
  try {
    await readHead(file, segment)
    const { size } = await file.stat()
    const scan = new RecordScan(file, segment, segment.from)
    let end: QueuePlace | undefined
    while (scan.position < segment.end.position) {
      await scan.read(segment.end.position, ({ head }) => {
        end = placeBehind(head)
      })
    }
    if (isBehind(synced, end ?? { position: segment.from, ordinal: 0 })) end = synced
    const whole = end === undefined ? 0 : segment.offsetOf(end.position)
    if (whole < size) {
      warn(tornSegment(segment.path, whole, size - whole))
      await file.truncate(whole)
    }
    if (isDurable) await file.datasync()
    return end
  } finally {
    await file.close()
  }
}

/** Where the entries of a segment begin. */
export async function beginOf(fileSystem: FileSystem, segment: Segment): Promise<QueuePlace> {
  const file = await fileSystem.open(segment.path, 'r')
  try {
    const head = await readHead(file, segment)
    if (head !== undefined) return { position: segment.from, ordinal: head.ordinal }
    // With its head gone, what its first sound record says.
    const scan = new RecordScan(file, segment, segment.from)
    let first: number | undefined
    while (first === undefined && scan.position < segment.end.position) {
      await scan.read(segment.end.position, ({ head }) => {
        first ??= head.ordinal
      })
    }
    return { position: segment.from, ordinal: first ?? 0 }
  } finally {
    await file.close()
  }
}

/** The head of a segment's file, if it is sound. */
export async function readHead(file: OpenFile, segment: Segment): Promise<ReturnType<typeof decodeSegmentHead>> {
  const bytes = Buffer.alloc(segmentHeadBytes)
  let length = 0
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  const head = decodeSegmentHead(bytes.subarray(0, length))
  if (head !== undefined && isNewer(head)) throw bufferNewer(segment.path, head.version)
  return head?.position === segment.from ? head : undefined
}

/** Makes a directory, and what leads to it, and makes that safe from a power cut. */
export async function makeDirectory(fileSystem: FileSystem, directory: string, isDurable: boolean): Promise<void> {
  const first = await fileSystem.mkdir(directory, { recursive: true, mode: 0o700 })
  if (first === undefined || !isDurable) return
  for (let made = directory; ; made = dirname(made)) {
    await syncDirectory(fileSystem, dirname(made))
    if (made === first || made === join(made, '..')) return
  }
}
