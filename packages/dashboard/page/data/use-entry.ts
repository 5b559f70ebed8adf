/** The entry whose details are open: one of the lines, or else asked for. */

import { useEffect, useMemo, useState } from 'react'
import type { ApiClient } from './api-client.ts'
import { latest } from './latest.ts'
import type { LineWindow } from './line-window.ts'
import type { EntryId, ShownEntry } from './shown-entry.ts'

export interface UsedEntry {
  readonly entry: ShownEntry | undefined
  readonly problem: string | undefined
}

export function useEntry(client: ApiClient, lines: LineWindow | undefined, id: EntryId | undefined): UsedEntry {
  const [found, setFound] = useState<{ id: EntryId; entry?: ShownEntry | undefined; problem?: string }>()
  const ask = useMemo(() => latest((signal, asked: EntryId) => client.entry(asked, signal)), [client])
  const isHere = found?.id === id
  useEffect(() => {
    if (id === undefined || isHere) return
    const row = lines?.row(lines.rowOf(id))
    if (row?.kind === 'entry' && row.entry.id === id) {
      setFound({ id, entry: row.entry })
      return
    }
    const gone = 'This line is not stored any more.'
    ask(id).then(
      (entry) => setFound(entry === undefined ? { id, problem: gone } : { id, entry }),
      (error: Error) => setFound({ id, problem: error.message }),
    )
    return ask.cancel
  }, [ask, id, isHere, lines])
  return isHere && id !== undefined
    ? { entry: found?.entry, problem: found?.problem }
    : { entry: undefined, problem: undefined }
}
