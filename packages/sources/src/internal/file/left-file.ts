/** The generation that a follower left, which says where to look for the next. */

import type { FileReader } from './file-reader.ts'
import { noFile, type OlderFile, type Predecessor } from './file-search.ts'
import { fitsFingerprint } from './fingerprint.ts'
import type { SavedPlace } from './saved-position.ts'

/** What was left, where, and whether it was cut rather than rotated. */
export interface LeftFile extends Predecessor {
  /** Its reader, unless it is one of an earlier run. */
  readonly reader: FileReader | undefined
  readonly truncated: boolean
}

/** A file that this run has read; `older` is the rotated file before it when it was begun, if that was seen. */
export function leftBy(reader: FileReader, older: OlderFile | undefined, truncated: boolean): LeftFile {
  const { identity, stat, hasMoved } = reader
  return {
    reader,
    // What was cut holds the next generation itself, wherever it is by now.
    file: truncated ? noFile : stat,
    older,
    modifiedNs: stat.mtimeNs,
    isCopy: (head) => identity.resembles(head),
    // A copy that was read to its end is that of a truncated file too.
    truncated: truncated || hasMoved,
  }
}

/** A file that an earlier run has read and that is gone. */
export function leftInEarlierRun({ modifiedNs, head }: SavedPlace): LeftFile {
  return {
    reader: undefined,
    // Its inode, if it is there still, holds something else.
    file: noFile,
    older: undefined,
    modifiedNs: BigInt(modifiedNs),
    isCopy: (bytes) => fitsFingerprint(head, bytes),
    truncated: false,
  }
}

/** No file at all: what was rotated before is not to be read, all else is. */
export function leftNothing(before: Predecessor): LeftFile {
  return { ...before, reader: undefined, truncated: true }
}
