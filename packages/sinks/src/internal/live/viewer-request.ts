/** What a viewer asks for while it looks: `{"filter":{"level":"warn"}}`, `{"resume":"<id>"}`, `{"backlog":200}`. */

import type { ReplayRing } from './replay-ring.ts'
import type { Viewer, ViewerStart } from './viewer.ts'
import { QueryError, type ViewerFilter, viewerFilterFrom } from './viewer-filter.ts'
import { startAfter } from './viewer-start.ts'

/**
 * Where the viewer goes on, and with which filter. Without `resume` and `backlog` it goes on where it is; without `filter`
 * it keeps the one that it has.
 *
 * @throws QueryError when the text is no such request.
 */
export function startOfRequest(text: string, viewer: Viewer, ring: ReplayRing): ViewerStart {
  const { filter: wish, resume, backlog, ...unknown } = objectOf(text)
  const [stranger] = Object.keys(unknown)
  if (stranger !== undefined) {
    throw new QueryError('request', `unknown name ${JSON.stringify(stranger)}: filter, resume and backlog are known`)
  }
  if (wish === undefined && resume === undefined && backlog === undefined) {
    throw new QueryError('request', 'expected filter, resume or backlog')
  }
  const filter: ViewerFilter | undefined = wish === undefined ? viewer.filter : viewerFilterFrom(wish)
  if (resume !== undefined) {
    if (backlog !== undefined) throw new QueryError('backlog', 'cannot be had together with resume')
    if (typeof resume !== 'string' || resume === '') throw new QueryError('resume', 'expected the id of an entry')
    return startAfter(resume, ring, filter)
  }
  if (backlog === undefined) return { position: viewer.position, filter }
  if (!Number.isSafeInteger(backlog) || (backlog as number) < 0) {
    throw new QueryError('backlog', `expected a number of entries, got ${JSON.stringify(backlog)}`)
  }
  return { position: ring.backlogStart(backlog as number, filter), filter }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new QueryError('request', 'expected JSON such as {"filter":{"level":"warn"}}')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new QueryError('request', 'expected an object such as {"filter":{"level":"warn"}}')
  }
  return value as Readonly<Record<string, unknown>>
}
