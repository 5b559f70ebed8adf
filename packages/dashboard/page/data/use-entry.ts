/** The entry whose details are open: one of the lines, or else asked for. */

import { useEffect, useRef, useState } from 'react'
import { type ApiClient, ApiError } from './api-client.ts'
import type { LineWindow } from './line-window.ts'
import type { EntryId, ShownEntry } from './shown-entry.ts'

export interface UsedEntry {
  readonly entry: ShownEntry | undefined
  readonly problem: string | undefined
}

interface Found {
  readonly entry?: ShownEntry | undefined
  readonly problem?: string
  /** Whether it is worth asking again. */
  readonly mayPass?: boolean
}

/** What failed is asked for again once the page is live (`isLive`). */
export function useEntry(
  client: ApiClient,
  lines: LineWindow | undefined,
  id: EntryId | undefined,
  isLive: boolean,
): UsedEntry {
  const [found, setFound] = useState<Found & { readonly id: EntryId }>()
  // Lines come all the time: they are looked at, and do not begin the question anew.
  const linesNow = useRef(lines)
  linesNow.current = lines
  const isOfId = found?.id === id
  const isSettled = isOfId && !(isLive && found?.mayPass === true)
  useEffect(() => {
    if (id === undefined || isSettled) return
    const row = linesNow.current?.row(linesNow.current.rowOf(id))
    if (row?.kind === 'entry' && row.entry.id === id) {
      setFound({ id, entry: row.entry })
      return
    }
    const leaving = new AbortController()
    const find = (answer: Found): void => {
      if (!leaving.signal.aborted) setFound({ id, ...answer })
    }
    client.entry(id, leaving.signal).then(
      (entry) => find(entry === undefined ? { problem: 'This line is not stored any more.' } : { entry }),
      (error: Error) => find({ problem: error.message, mayPass: error instanceof ApiError && error.mayPass }),
    )
    return () => leaving.abort()
  }, [client, id, isSettled])
  return isOfId && id !== undefined
    ? { entry: found?.entry, problem: found?.problem }
    : { entry: undefined, problem: undefined }
}
