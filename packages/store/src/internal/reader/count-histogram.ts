/** A histogram, put together of slices. */

import type { LevelWord, LogQuery } from '../../log-query.ts'
import type { Histogram, HistogramOptions } from '../../query-results.ts'
import { storedLevels } from '../stored-levels.ts'
import type { CountAnswer } from './count.ts'
import { deadlineIn, type SliceReader } from './slices.ts'

const defaults = { buckets: 100, deadlineMs: 1_000 } as const

type Counts = Partial<Record<LevelWord, number>>

/** @throws LogwispError `BAD_QUERY`; what the reader throws. */
export async function countHistogram(
  reader: SliceReader,
  query: LogQuery,
  options: HistogramOptions = {},
): Promise<Histogram> {
  const { buckets = defaults.buckets, deadlineMs = defaults.deadlineMs, signal } = options
  const deadline = deadlineIn(deadlineMs)
  const byTime = new Map<number, Counts>()
  const counts: Counts = {}
  let answer: CountAnswer | undefined
  do {
    const resume: CountAnswer['resume'] = answer?.resume
    const slice = { request: { query, buckets, resume }, sliceMs: deadline.sliceMs }
    answer = await reader.count(slice, { signal, isContinued: resume !== undefined })
    for (const [time, level, entries] of answer.counts) {
      let bucket = byTime.get(time)
      if (bucket === undefined) byTime.set(time, (bucket = {}))
      add(bucket, level, entries)
      add(counts, level, entries)
    }
  } while (answer.resume !== undefined && !deadline.isOver)
  const { from, to, bucketMs, resume, countedFrom } = answer
  return {
    from,
    to,
    bucketMs,
    buckets: [...byTime].sort(([a], [b]) => a - b).map(([time, levels]) => ({ time, counts: levels })),
    counts,
    isComplete: resume === undefined,
    ...(resume !== undefined && { countedFrom }),
  }
}

function add(counts: Counts, level: number, entries: number): void {
  const word = storedLevels[level] as LevelWord
  counts[word] = (counts[word] ?? 0) + entries
}
