/** How long to wait before the next attempt. */

/**
 * A wait drawn evenly from 0 to a bound that doubles with each failure, up to `maxMs`: many clients of one server that
 * comes back do not come together.
 */
export function fullJitterMs(
  failures: number,
  firstMs: number,
  maxMs: number,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30)))
}
