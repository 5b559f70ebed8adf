/** The lines of the query that the view asks for. */

import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'
import type { ApiClient } from './api-client.ts'
import { type FeedState, type LineFeed, lineFeed, type Start } from './line-feed.ts'

export interface LineFeedQuery {
  readonly query: string
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Where the list begins; looked at when it is made. */
  readonly start: Start
  readonly follow: boolean
}

export interface UsedFeed {
  readonly feed: LineFeed
  readonly state: FeedState
}

/** Undefined until the first one is made. Another query closes the feed of the one before. */
export function useLineFeed(
  client: ApiClient,
  { query, from, to, start, follow }: LineFeedQuery,
): UsedFeed | undefined {
  const [feed, setFeed] = useState<LineFeed>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: where it starts and whether it follows is asked once
  useEffect(() => {
    const made = lineFeed({ client, query: { query, from, to }, start, follow })
    setFeed(made)
    return () => made.close()
  }, [client, query, from, to])
  useEffect(() => feed?.setFollow(follow), [feed, follow])
  const subscribe = useCallback((listener: () => void) => feed?.subscribe(listener) ?? (() => {}), [feed])
  const state = useSyncExternalStore(subscribe, () => feed?.state)
  return feed === undefined || state === undefined ? undefined : { feed, state }
}
