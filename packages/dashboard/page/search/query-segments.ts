/** The text of a query cut into stretches of one colour each. */

import { parseQuery, type QueryPart } from '@logwisp/store/query-language'

/** A stretch; all of them together are the text. */
export interface QuerySegment {
  readonly text: string
  /** Undefined between the parts. */
  readonly part?: QueryPart | undefined
}

/** Every character of `text` once, in order. */
export function querySegments(text: string): readonly QuerySegment[] {
  const segments: QuerySegment[] = []
  let at = 0
  for (const part of parseQuery(text).parts) {
    if (part.start > at) segments.push({ text: text.slice(at, part.start) })
    segments.push({ text: text.slice(part.start, part.end), part })
    at = part.end
  }
  if (at < text.length) segments.push({ text: text.slice(at) })
  return segments
}
