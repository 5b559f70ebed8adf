/** The sizes of a histogram's buckets, and where their counts are found. */

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

const roundSizesMs: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * second),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hour),
  ...[1, 2, 5, 10, 15, 30].map((days) => days * day),
]

/** The smallest round size of which `buckets` cover a time range, wherever it begins: two at least, when the epoch is within it. */
export function bucketSizeMs(from: number, to: number, buckets: number): number {
  const most = from < 0 && to > 0 ? Math.max(2, buckets) : buckets
  const covers = (size: number): boolean => Math.ceil(to / size) - Math.floor(from / size) <= most
  const round = roundSizesMs.find(covers)
  if (round !== undefined) return round
  let size = 60 * day
  while (!covers(size)) size *= 2
  return size
}

/** Times whose entries are counted in one way. */
export interface CountSegment {
  readonly from: number
  /** Before this. */
  readonly to: number
  /** The unit of `counts` that has them; undefined: the entries themselves. */
  readonly unit: number | undefined
}

/**
 * Cuts a time range into segments, the newest first: as much as can be by whole hours, what is left at both ends by minutes,
 * what is left of that by seconds, and the rest by the entries.
 *
 * @param bucketMs Units that do not divide it are of no use; none divides 0.
 */
export function countSegments(from: number, to: number, bucketMs: number): CountSegment[] {
  const units = bucketMs === 0 ? [] : [hour, minute, second].filter((unit) => bucketMs % unit === 0)
  return cut(from, to, units)
}

function cut(from: number, to: number, [unit, ...smaller]: readonly number[]): CountSegment[] {
  if (!(from < to)) return []
  if (unit === undefined) return [{ from, to, unit }]
  const first = Math.ceil(from / unit) * unit
  const last = Math.floor(to / unit) * unit
  if (!(first < last)) return cut(from, to, smaller)
  return [...cut(last, to, smaller), { from: first, to: last, unit }, ...cut(from, first, smaller)]
}
