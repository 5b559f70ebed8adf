/** Where reading begins in a file that no position is known of. */

import { type FileEncoding, lastLineEnd } from './line-blocks.ts'
import type { OpenedFile } from './opened-file.ts'

/** Where reading begins in a file that no position is known of: at its begin, its end, or a byte. */
export type StartAt = 'beginning' | 'end' | number

/** The byte to begin at; undefined when the file has none there. */
export function startOffset(
  file: OpenedFile,
  startAt: StartAt,
  { encoding, maxLineBytes }: { readonly encoding: FileEncoding; readonly maxLineBytes: number },
): number | undefined | Promise<number> {
  const size = Number(file.stat.size)
  if (startAt === 'beginning') return 0
  // Nobody appends to a compressed file: one that is named is to be read.
  if (startAt === 'end') return file.compressed ? 0 : startOfLastLine(file, size, encoding, maxLineBytes)
  return startAt <= size || file.compressed ? startAt : undefined
}

/** How much of a file's end is looked through at a time for the start of its last line. */
const lookBackBytes = 65_536

/** Where the line begins that stands, unfinished perhaps, at `end`: so that it comes whole when it is finished. */
async function startOfLastLine(
  file: OpenedFile,
  end: number,
  encoding: FileEncoding,
  maxBytes: number,
): Promise<number> {
  const least = Math.max(0, end - maxBytes)
  for (let to = end; to > least; ) {
    const from = Math.max(least, to - lookBackBytes)
    const bytes = Buffer.alloc(to - from)
    if ((await file.read(bytes, 0, bytes.length, from)) < bytes.length) return end
    const found = lastLineEnd(bytes, encoding, 0, bytes.length, from)
    if (found !== -1) return from + found
    // Two bytes again: a wide line feed may lie across.
    to = from === least ? least : from + 2
  }
  return least === 0 ? 0 : end
}
