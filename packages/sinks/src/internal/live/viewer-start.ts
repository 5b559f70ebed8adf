/** Where a viewer begins: after the entry that it saw last, or so many entries back, or with the next one. */

import type { ReplayRing } from './replay-ring.ts'
import type { ViewerStart } from './viewer.ts'
import { QueryError, single, type ViewerFilter, viewerFilter } from './viewer-filter.ts'

/**
 * The start that a query asks for: its filter, and `?lastEventId=` or `?backlog=200`. `lastId` is what the request says
 * elsewhere; it wins, since a browser that reconnects repeats the query as it was at first.
 *
 * @throws QueryError for a value that cannot be used.
 */
export function startOfQuery(query: URLSearchParams, ring: ReplayRing, lastId: string | undefined): ViewerStart {
  const filter = viewerFilter(query)
  const backlog = backlogEntries(query)
  const id = lastId ?? single(query, 'lastEventId')
  return id === undefined ? { position: ring.backlogStart(backlog, filter), filter } : startAfter(id, ring, filter)
}

/** The start after the entry with this id. What the ring no longer has is a gap, with what can be said of it. */
export function startAfter(id: string, ring: ReplayRing, filter: ViewerFilter | undefined): ViewerStart {
  const position = ring.after(id)
  if (position === undefined) {
    const reason = ring.isFromEarlierRun(id) ? 'restarted' : 'not-kept'
    return { position: ring.first, gap: { entries: undefined, reason }, filter }
  }
  if (position >= ring.first) return { position, filter }
  return { position: ring.first, gap: { entries: ring.first - position, reason: 'not-kept' }, filter }
}

function backlogEntries(query: URLSearchParams): number {
  const text = single(query, 'backlog')
  if (text === undefined) return 0
  if (!/^\d{1,9}$/.test(text)) {
    throw new QueryError('backlog', `expected a number of entries, got ${JSON.stringify(text)}`)
  }
  return Number(text)
}
