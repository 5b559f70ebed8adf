/** How a place in a followed file is kept in a checkpoint: which file, where in it, and the proof that it is that file. */

import type { Position } from '@logwisp/core'
import type { FileIdentity } from './file-identity.ts'
import { fingerprintOf, type SavedFingerprint } from './fingerprint.ts'

/** A place between two lines of a file; its saved form is made only when it is saved. */
export interface FilePlace {
  readonly identity: FileIdentity
  readonly offset: number
  /** Bytes of the file that end at `proofEnd`, at or before `offset`: a file with others there is another. */
  readonly proof: Buffer
  readonly proofEnd: number
  /** When the file was last seen written to. */
  readonly modifiedNs: bigint
}

/** A {@link FilePlace} in a checkpoint. */
export interface SavedPlace {
  readonly id: string | null
  /** As text: numbers of 64 bits. */
  readonly device: string
  readonly inode: string
  readonly head: SavedFingerprint
  readonly offset: number
  readonly proof: SavedFingerprint
  readonly proofEnd: number
  readonly modifiedNs: string
}

/** The position of one followed path. */
export interface SavedPosition {
  /**
   * The files that are not read to their end, oldest first. The last is the one that the path showed. None when the
   * path was looked at and showed nothing: what it shows later is new.
   */
  readonly files: readonly SavedPlace[]
  /** The ids of the path's files. */
  readonly ids: readonly string[]
  /** Without files: rotated ones that were written to at or after this time, in ns, are new too. As text. */
  readonly newSinceNs?: string
  /** The books as of this position: what became of everything before it. */
  readonly books?: unknown
}

export function savePosition(
  places: readonly FilePlace[],
  used: readonly string[],
  newSinceNs: bigint,
  books: Position,
): Position {
  if (places.length === 0) return { files: [], ids: used, newSinceNs: String(newSinceNs), books }
  // A file of which something was given after that has its id already.
  const claimed = places.flatMap(({ identity }) => identity.knownId ?? [])
  return { files: places.map(savePlace), ids: [...new Set([...used, ...claimed])], books }
}

function savePlace({ identity, offset, proof, proofEnd, modifiedNs }: FilePlace): Position {
  const { length, hash } = identity.fingerprint
  const shown = fingerprintOf(proof)
  return {
    id: identity.knownId ?? null,
    device: String(identity.device),
    inode: String(identity.inode),
    head: { length, hash },
    offset,
    proof: { length: shown.length, hash: shown.hash },
    proofEnd,
    modifiedNs: String(modifiedNs),
  }
}

/** Reads a position back; undefined when what was saved is none. */
export function loadPosition(saved: unknown): SavedPosition | undefined {
  if (!isRecord(saved)) return undefined
  const { files, ids, newSinceNs, books } = saved
  if (!Array.isArray(files) || !files.every(isSavedPlace)) return undefined
  if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) return undefined
  if (newSinceNs === undefined) return files.length === 0 ? undefined : { files, ids, books }
  return typeof newSinceNs === 'string' && isDigits(newSinceNs) ? { files, ids, newSinceNs, books } : undefined
}

function isSavedPlace(value: unknown): value is SavedPlace {
  if (!isRecord(value)) return false
  const { id, device, inode, head, offset, proof, proofEnd, modifiedNs } = value
  return (
    (id === null || typeof id === 'string') &&
    isDigits(device) &&
    isDigits(inode) &&
    isFingerprint(head) &&
    isFingerprint(proof) &&
    isOffset(offset) &&
    isOffset(proofEnd) &&
    proofEnd <= offset &&
    isDigits(modifiedNs)
  )
}

function isFingerprint(value: unknown): value is SavedFingerprint {
  return isRecord(value) && isOffset(value['length']) && typeof value['hash'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isDigits(value: unknown): boolean {
  return typeof value === 'string' && /^\d+$/.test(value)
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
