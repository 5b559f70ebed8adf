/** Pages in one direction. A page that ran out of time goes on from where it had come. */

import type { ApiClient, LinePage, LineQuery } from './api-client.ts'
import type { EntryId } from './shown-entry.ts'

export interface PageWalk {
  readonly query: LineQuery
  readonly way: 'older' | 'newer'
  /** Where it begins; undefined: at the newest entry. */
  readonly from?: EntryId | undefined
  /** It ends with the page that makes it as many entries. */
  readonly wanted: number
  readonly signal: AbortSignal
}

/** Gives each page as it comes; ends when it has as many entries as wanted, or there are no more. */
export async function* pageWalk(
  client: Pick<ApiClient, 'page'>,
  { query, way, from, wanted, signal }: PageWalk,
): AsyncGenerator<LinePage, void> {
  let found = 0
  let cursor = from
  for (;;) {
    const choice = way === 'older' ? { before: cursor } : { after: cursor }
    const page = await client.page(query, { ...choice, limit: wanted - found }, signal)
    yield page
    found += page.entries.length
    cursor = way === 'older' ? page.older : page.newer
    if (page.isComplete || found >= wanted || cursor === undefined) return
  }
}
