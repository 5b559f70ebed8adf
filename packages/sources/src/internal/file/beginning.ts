/** Finds where a follower begins: where the last run was, wherever that is now, or where `startAt` says. */

import { type FileOnDisk, type FileSearch, noFile } from './file-search.ts'
import type { FollowerWarnings } from './follower-warnings.ts'
import { type LeftFile, leftInEarlierRun, leftNothing } from './left-file.ts'
import type { FileEncoding } from './line-blocks.ts'
import type { OpenedFile } from './opened-file.ts'
import type { SavedPlace, SavedPosition } from './saved-position.ts'
import { type StartAt, startOffset } from './start-offset.ts'

/** What is known before anything is looked at. */
export interface BeginningOptions {
  readonly startAt: StartAt
  readonly encoding: FileEncoding
  readonly maxLineBytes: number
  readonly saved: SavedPosition | undefined
  /** Whether the path is new: what it shows is read from its beginning, whatever `startAt` says. */
  readonly appears: boolean
}

/** A file to read, from where on, and by which id its lines are known. */
export interface FileToRead {
  readonly file: OpenedFile
  readonly offset: number
  readonly id?: string | undefined
  /** Without an id: the file that it is named after, if that is another, as for a copy. */
  readonly namedAfter?: FileOnDisk | undefined
}

/** Where to begin: in files, the oldest generation's first, or, without any, after the one that was left. */
export interface Beginning {
  readonly files: readonly FileToRead[]
  readonly left: LeftFile | undefined
}

/** Opens what is to be read. When it rejects it has left nothing open, and may be asked again. */
export function findBeginning(
  search: FileSearch,
  options: BeginningOptions,
  warnings: FollowerWarnings,
): Promise<Beginning> {
  const { saved } = options
  if (saved === undefined) return beginAnew(search, options, warnings)
  if (saved.newSinceNs === undefined) return goOn(search, saved.files, warnings)
  const before = { file: noFile, older: undefined, modifiedNs: BigInt(saved.newSinceNs), isCopy: () => false }
  return Promise.resolve({ files: [], left: leftNothing(before) })
}

async function beginAnew(
  search: FileSearch,
  options: BeginningOptions,
  warnings: FollowerWarnings,
): Promise<Beginning> {
  const file = await search.openShown()
  if (file === undefined || file.stat.size === 0n) {
    await file?.close()
    return { files: [], left: leftNothing(await search.newestRotated()) }
  }
  try {
    const offset = options.appears ? 0 : await startOffset(file, options.startAt, options)
    if (offset === undefined) warnings.startTooFar(options.startAt as number, file.stat.size)
    return { files: [{ file, offset: offset ?? 0 }], left: undefined }
  } catch (error) {
    await file.close()
    throw error
  }
}

async function goOn(search: FileSearch, places: readonly SavedPlace[], warnings: FollowerWarnings): Promise<Beginning> {
  const files: FileToRead[] = []
  const gone: SavedPlace[] = []
  const last = places.at(-1)
  try {
    for (const place of places) {
      const file = await search.findSaved(place, place === last)
      if (file === undefined) gone.push(place)
      else {
        // It may be a copy by now; what was given after the save was given by the name of the file itself.
        const namedAfter = { dev: BigInt(place.device), ino: BigInt(place.inode) }
        files.push({ file, offset: place.offset, id: place.id ?? undefined, namedAfter })
      }
    }
  } catch (error) {
    for (const { file } of files) await file.close()
    throw error
  }
  for (const { offset } of gone) warnings.positionGone(offset)
  const isAllGone = files.length === 0 && last !== undefined
  return { files, left: isAllGone ? leftInEarlierRun(last) : undefined }
}
