/** The few statistics that the bench needs. */

/** The value below which the share `at` (0 to 1) of the values lies; of two neighbours the mean, weighted by nearness. */
export function quantile(values: readonly number[], at: number): number {
  if (values.length === 0) return Number.NaN
  const sorted = values.toSorted((a, b) => a - b)
  const place = (sorted.length - 1) * at
  const low = sorted[Math.floor(place)] as number
  const high = sorted[Math.ceil(place)] as number
  return low + (high - low) * (place - Math.floor(place))
}

/** The middle value. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}
