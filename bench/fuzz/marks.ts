/**
 * How a fuzzed entry is known again: its text says which one it is, and has a checksum over all of itself, so that an
 * entry that was torn, glued to another or changed is seen to be none that was sent.
 */

import { crc32 } from 'node:zlib'

/** Which entry of a run: the connection that it was sent on, and its number there. */
export interface Mark {
  readonly session: number
  readonly entry: number
}

/** The text of an entry, with whatever else it should say. */
export function markedText({ session, entry }: Mark, payload: string): string {
  const text = `fuzz ${session} ${entry} ${payload}`
  return `${text} ${checkOf(text)}`
}

/** Which entry a text is; undefined unless it is whole and unchanged. */
export function markOf(text: string): Mark | undefined {
  const head = /^fuzz (\d+) (\d+) /.exec(text)
  if (head === null || text.length < head[0].length + 9 || text.at(-9) !== ' ') return undefined
  if (checkOf(text.slice(0, -9)) !== text.slice(-8)) return undefined
  return { session: Number(head[1]), entry: Number(head[2]) }
}

function checkOf(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}
