/** All entries that fit, batch by batch, put together of slices. */

import type { LogQuery } from '../../log-query.ts'
import type { QueryLimits } from '../../query-results.ts'
import type { StoredEntry } from '../../stored-entry.ts'
import type { Slot } from '../entry-id.ts'
import { unpackEntry } from './entry-row.ts'
import { deadlineIn, type SliceReader } from './slices.ts'

const maxBatchEntries = 1_000

/** What a batch takes at most, but for its last entry. Unit: bytes. */
const maxBatchBytes = 1_048_576

/**
 * Ends at the place that was the newest when it began, so that it ends while more is stored all the time.
 *
 * @throws LogwispError `BAD_QUERY`; what the reader throws; DOMException `TimeoutError` when the deadline comes first: an
 * export that ends early must not look like all of it.
 */
export async function* scanEntries(
  reader: SliceReader,
  newestSlot: () => Promise<Slot | undefined>,
  query: LogQuery,
  { signal, deadlineMs = Infinity }: QueryLimits = {},
): AsyncGenerator<readonly StoredEntry[], undefined> {
  const deadline = deadlineIn(deadlineMs)
  signal?.throwIfAborted()
  const end = await newestSlot()
  if (end === undefined) return
  let start: Slot | undefined
  let isContinued = false
  do {
    if (deadline.isOver) throw new DOMException(`the scan was not done within ${deadlineMs} ms`, 'TimeoutError')
    const request = {
      query,
      direction: 'newer',
      start,
      end,
      limit: maxBatchEntries,
      maxBytes: maxBatchBytes,
      // An export has no moment at which it is the truth: what is stored meanwhile may be in it.
      throughSeq: Number.MAX_SAFE_INTEGER,
    } as const
    const answer = await reader.look({ request, sliceMs: deadline.sliceMs }, { signal, isContinued, isPatient: true })
    isContinued = true
    start = answer.next
    if (answer.entries.length > 0) yield answer.entries.map(unpackEntry)
  } while (start !== undefined)
}
