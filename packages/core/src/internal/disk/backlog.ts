/** What waits in the segments of a directory, by what stands in few places of them. */

import type { DiskBufferBacklog } from '../../disk-buffer-backlog.ts'
import type { FileSystem, OpenFile } from '../file-system.ts'
import { ReaderPosition } from './reader-position.ts'
import { decodeHead, placeBehind, recordMarker } from './record-format.ts'
import { readHead } from './recover.ts'
import { Segment } from './segment.ts'
import { positionOfName, segmentHeadBytes } from './segment-format.ts'

/** Of the newest segment so much is looked at: its last record is in it, unless that is one of a huge entry. */
const tailBytes = 1_048_576

const nothing: DiskBufferBacklog = { entries: 0, bytes: 0, segments: 0 }

/** Rejects with the error of the file system, or a LogwispError `BUFFER_NEWER`, `CHECKPOINT_FAILED`. */
export async function backlogIn(fileSystem: FileSystem, directory: string): Promise<DiskBufferBacklog> {
  const segments = await segmentsIn(fileSystem, directory)
  const [oldest, newest] = [segments[0], segments.at(-1)]
  if (oldest === undefined || newest === undefined) return nothing
  // What is wrong with the place is told when the buffer is opened.
  const { saved } = await ReaderPosition.load(fileSystem, directory, () => {})
  const start = saved ?? (await looking(fileSystem, oldest, (file) => beginOf(file, oldest)))
  const end = await looking(fileSystem, newest, (file) => endOf(file, newest))
  const isKnown = start.ordinal !== undefined && end.ordinal !== undefined
  return {
    entries: isKnown ? Math.max(0, end.ordinal - start.ordinal) : undefined,
    bytes: Math.max(0, end.position - start.position),
    segments: segments.filter((segment) => segment.end.position > start.position).length,
  }
}

async function segmentsIn(fileSystem: FileSystem, directory: string): Promise<Segment[]> {
  const names = await fileSystem.readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const positions = names.map(positionOfName).filter((position) => position !== undefined)
  const segments: Segment[] = []
  for (const from of positions.sort((a, b) => a - b)) {
    const segment = new Segment(directory, from, { position: from, ordinal: Number.NaN }, true)
    // A buffer that is open may have removed it meanwhile.
    const size = await fileSystem.stat(segment.path).then(
      (stats) => stats.size,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return 0
        throw error
      },
    )
    if (size < segmentHeadBytes) continue
    segment.end = { position: from + size - segmentHeadBytes, ordinal: Number.NaN }
    segments.push(segment)
  }
  return segments
}

/** A place of which it may not be known how many entries are before it. */
interface KnownPlace {
  readonly position: number
  readonly ordinal: number | undefined
}

async function looking<T>(fileSystem: FileSystem, { path }: Segment, look: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await fileSystem.open(path, 'r')
  try {
    return await look(file)
  } finally {
    await file.close()
  }
}

async function beginOf(file: OpenFile, segment: Segment): Promise<KnownPlace> {
  return { position: segment.from, ordinal: (await readHead(file, segment))?.ordinal }
}

/** Where the last record of a segment ends, if it can be found; else the end of the file. */
async function endOf(file: OpenFile, segment: Segment): Promise<KnownPlace> {
  const begin = await beginOf(file, segment)
  const { position: end } = segment.end
  if (end === segment.from) return begin
  const from = Math.max(segment.from, end - tailBytes)
  const bytes = await readAt(file, segment.offsetOf(from), end - from)
  let at = bytes.lastIndexOf(recordMarker)
  while (at !== -1) {
    const record = decodeHead(bytes, at)
    // What looks like a record, and says that it stands elsewhere, is a copy of one: in a log line, say.
    if (record?.position === from + at && placeBehind(record).position <= end) return placeBehind(record)
    at = at === 0 ? -1 : bytes.lastIndexOf(recordMarker, at - 1)
  }
  // Looked through whole, it has no sound record.
  return from === segment.from ? begin : { position: end, ordinal: undefined }
}

async function readAt(file: OpenFile, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let read = 0
  while (read < length) {
    const { bytesRead } = await file.read(bytes, read, length - read, offset + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}
