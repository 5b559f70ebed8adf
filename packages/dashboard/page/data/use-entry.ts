/** The entry whose details are open: one of the lines, or else asked for. */

import { useEffect, useRef, useState } from 'react'
import type { ApiClient } from './api-client.ts'
import type { LineWindow } from './line-window.ts'
import type { EntryId, ShownEntry } from './shown-entry.ts'

export interface UsedEntry {
  readonly entry: ShownEntry | undefined
  readonly problem: string | undefined
}

export function useEntry(client: ApiClient, lines: LineWindow | undefined, id: EntryId | undefined): UsedEntry {
  const [found, setFound] = useState<{ id: EntryId; entry?: ShownEntry | undefined; problem?: string }>()
  // Lines come all the time: they are looked at, and do not begin the question anew.
  const linesNow = useRef(lines)
  linesNow.current = lines
  const isHere = found?.id === id
  useEffect(() => {
    if (id === undefined || isHere) return
    const row = linesNow.current?.row(linesNow.current.rowOf(id))
    if (row?.kind === 'entry' && row.entry.id === id) {
      setFound({ id, entry: row.entry })
      return
    }
    const leaving = new AbortController()
    const find = (answer: { readonly entry?: ShownEntry | undefined; readonly problem?: string }): void => {
      if (!leaving.signal.aborted) setFound({ id, ...answer })
    }
    client.entry(id, leaving.signal).then(
      (entry) => find(entry === undefined ? { problem: 'This line is not stored any more.' } : { entry }),
      (error: Error) => find({ problem: error.message }),
    )
    return () => leaving.abort()
  }, [client, id, isHere])
  return isHere && id !== undefined
    ? { entry: found?.entry, problem: found?.problem }
    : { entry: undefined, problem: undefined }
}
