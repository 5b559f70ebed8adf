/** How many lines there are, by time and level: counted anew when the query changes, and while new lines come. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ApiClient, LineQuery } from './api-client.ts'
import { latest } from './latest.ts'
import type { Histogram } from './shown-entry.ts'

/** New lines change the counts at most so often. Unit: ms. */
const renewAfterMs = 3000

const buckets = 120

/** `version` grows as lines come. Undefined while the first answer for the query is not there. */
export function useHistogram(client: ApiClient, query: LineQuery, version: number): Histogram | undefined {
  const { query: text, from, to } = query
  const [counted, setCounted] = useState<{ readonly of: string; readonly histogram: Histogram }>()
  const ask = useMemo(() => latest((signal, asked: LineQuery) => client.histogram(asked, buckets, signal)), [client])
  const key = JSON.stringify([text, from, to])
  const count = useCallback(() => {
    ask({ query: text, from, to }).then(
      (histogram) => histogram !== undefined && setCounted({ of: key, histogram }),
      // What is wrong is said beside the lines; the bars that are there may stay.
      () => {},
    )
  }, [ask, key, text, from, to])
  const renewal = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    count()
    return () => {
      ask.cancel()
      clearTimeout(renewal.current)
      renewal.current = undefined
    }
  }, [count, ask])

  // Lines that keep coming put nothing off.
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are the reason to ask again
  useEffect(() => {
    renewal.current ??= setTimeout(() => {
      renewal.current = undefined
      count()
    }, renewAfterMs)
  }, [version])
  return counted?.of === key ? counted.histogram : undefined
}
