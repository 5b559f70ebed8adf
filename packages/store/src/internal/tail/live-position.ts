/** Places in the order of storing. */

import { LogwispError } from '@logwisp/core'
import type { LivePosition } from '../../query-results.ts'

/** Before the entry with this index of this commit. A commit that does not exist yet is the next one. */
export interface CommitPlace {
  readonly seq: number
  readonly index: number
}

/** A place as text: `17.0`. */
export function encodeLivePosition({ seq, index }: CommitPlace): LivePosition {
  return `${seq}.${index}`
}

/** @throws LogwispError `BAD_QUERY` when the text is no place. */
export function decodeLivePosition(position: LivePosition): CommitPlace {
  const match = /^(\d{1,15})\.(\d{1,10})$/.exec(position)
  if (match === null) {
    const shown = JSON.stringify(String(position).slice(0, 60))
    throw new LogwispError('BAD_QUERY', `${shown} is no position of a live tail: give one that the store gave`)
  }
  return { seq: Number(match[1]), index: Number(match[2]) }
}

/** Below 0 when `a` comes first. */
export function comparePlaces(a: CommitPlace, b: CommitPlace): number {
  return a.seq - b.seq || a.index - b.index
}
